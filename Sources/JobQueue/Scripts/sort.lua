-- Sorts a queue that has jobs with a priority or a tenant of their own, or looks for such jobs. One process at a time does
-- it, and keeps the turn. What is paused is left as it came.
-- KEYS: 1 turn, 2 queue, 3 lanes, 4 paused.
-- ARGV: 1 who asks, 2 length of the turn (ms), 3 queue name, 4 most jobs sorted, 5 most jobs looked at, 6 where to look
--       besides the newest (0 to 1).
-- Answer: -1 = somebody else does it; else how many jobs of a sorted queue are still in its list.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return -1 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
lanes = KEYS[3]
local length, waiting = redis.call('LLEN', KEYS[2]), redis.call('HGET', lanes, 'waiting')
if length == 0 and waiting == '0' then redis.call('DEL', lanes) end
if length == 0 or redis.call('SISMEMBER', KEYS[4], ARGV[3]) == 1 then return 0 end

local function has_special()
    local look = tonumber(ARGV[5])
    local places = {{0, look - 1}}
    if length > look then
        local half = math.floor(look / 2)
        local from = half + math.floor(tonumber(ARGV[6]) * (length - look))
        places = {{0, half - 1}, {from, from + half - 1}}
    end
    for _, place in ipairs(places) do
        for _, raw in ipairs(redis.call('LRANGE', KEYS[2], place[1], place[2])) do
            if is_special(raw) then return true end
        end
    end
    return false
end

if not waiting and not has_special() then return 0 end
return length - sort(KEYS[2], tonumber(ARGV[4]))

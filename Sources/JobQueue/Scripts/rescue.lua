-- Declares a worker dead and gives jobs of its run list back. The tombstone comes first: from then on nothing the
-- worker says is heard.
-- KEYS: 1 queue, 2 run list, 3 workers, 4 worker, 5 tombstone, 6 delayed, 7 parked, 8 dead, 9 dead entries, 10 stats,
--       11 lanes, then those the settlements name.
-- ARGV: 1 worker, 2 1 = certainly dead, 3 events kept, 4 dead kept, 5 ttl of the tombstone, 6 count of settlements,
--       settlements (see common.lua).
-- Answer: {'alive'} or {'ok', jobs left, settlements that were too late …}
local lease = redis.call('ZSCORE', KEYS[3], ARGV[1])
if ARGV[2] ~= '1' and (not lease or tonumber(lease) >= now) then return {'alive'} end
lanes = KEYS[11]
redis.call('PERSIST', KEYS[2])
redis.call('SET', KEYS[5], 1, 'PX', ARGV[5])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
local late = {}
local p = 7
for i = 1, tonumber(ARGV[6]) do
    local there
    there, p = settle(p, tonumber(ARGV[3]), tonumber(ARGV[4]))
    if not there then late[#late + 1] = i end
end
local left = redis.call('LLEN', KEYS[2])
if left == 0 then
    redis.call('ZREM', KEYS[3], ARGV[1])
    redis.call('DEL', KEYS[4])
end
return {'ok', left, unpack(late)}

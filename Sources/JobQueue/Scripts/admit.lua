-- Looks at claims that need more than the fast path: gives those without an id their normalised envelope, finds
-- cancelled ones and duplicates of a unique key.
-- KEYS: 1 run list, 2 cancelled, then unique keys.
-- ARGV: 1 ttl of a unique key (ms), 2 count, then each: raw, normalised raw or '', id, index of the unique key or 0.
-- Answer: one text each: 'ok', 'lost', 'cancelled', or the id of the unfinished job with the same key.
local answers = {}
for i = 0, tonumber(ARGV[2]) - 1 do
    local p = 3 + i * 4
    local raw, normal, id, unique = ARGV[p], ARGV[p + 1], ARGV[p + 2], tonumber(ARGV[p + 3])
    local answer = 'ok'
    if normal ~= '' then
        if redis.call('LREM', KEYS[1], -1, raw) == 1 then
            redis.call('LPUSH', KEYS[1], normal)
        else
            answer = 'lost'
        end
    end
    if answer == 'ok' and redis.call('ZSCORE', KEYS[2], id) then answer = 'cancelled' end
    if answer == 'ok' and unique > 0 and not redis.call('SET', KEYS[unique], id, 'NX', 'PX', ARGV[1]) then
        local holder = redis.call('GET', KEYS[unique])
        if holder ~= id then answer = holder end
    end
    answers[#answers + 1] = answer
end
return answers

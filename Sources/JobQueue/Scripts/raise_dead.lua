-- Takes jobs off the dead list: back to the queue, or for good.
-- One that is queued again is not dead for those that wait for it.
-- KEYS: 1 dead, 2 dead entries, 3 queue, 4 cancelled. ARGV: id, 'queue' or 'discard', raw each.
-- Answer: how many there were.
local count = 0
for i = 1, #ARGV, 3 do
    if redis.call('HDEL', KEYS[2], ARGV[i]) == 1 then
        redis.call('ZREM', KEYS[1], ARGV[i])
        count = count + 1
        if ARGV[i + 1] == 'queue' then
            redis.call('ZREM', KEYS[4], ARGV[i])
            redis.call('LPUSH', KEYS[3], ARGV[i + 2])
            local snapshot = string.match(KEYS[1], '^[^}]*}:') .. 'snapshot:' .. ARGV[i]
            if redis.call('HGET', snapshot, 'status') == 'dead' then redis.call('HSET', snapshot, 'status', 'queued') end
        end
    end
end
return count

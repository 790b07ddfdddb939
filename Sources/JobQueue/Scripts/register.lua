-- Enters a worker into the registry, and the jobs it holds into its run list where they are missing.
-- KEYS: 1 workers, 2 worker, 3 tombstone, 4 run list, 5 host.
-- ARGV: 1 worker, 2 lease ms, 3 ttl ms, 4 host entry, 5 count of fields, fields and values, raws held.
-- Answer: {'ok' | 'fenced', now, raws put back}
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
if redis.call('EXISTS', KEYS[3]) == 1 then return {'fenced', now, 0} end
local behind = 6 + tonumber(ARGV[5])
redis.call('PERSIST', KEYS[4])
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('HSET', KEYS[2], unpack(ARGV, 6, behind - 1))
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[5], ARGV[1], ARGV[4])
redis.call('PEXPIRE', KEYS[5], 86400000)
local present, restored = {}, 0
for _, raw in ipairs(redis.call('LRANGE', KEYS[4], 0, -1)) do present[raw] = (present[raw] or 0) + 1 end
for i = behind, #ARGV do
    local raw = ARGV[i]
    if (present[raw] or 0) > 0 then
        present[raw] = present[raw] - 1
    else
        redis.call('LPUSH', KEYS[4], raw)
        restored = restored + 1
    end
end
return {'ok', now, restored}

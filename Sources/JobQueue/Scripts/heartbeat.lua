-- Renews a worker's lease.
-- KEYS: 1 workers, 2 worker, 3 tombstone, 4 host.
-- ARGV: 1 worker, 2 lease ms, 3 ttl ms, 4 host entry, then fields and values.
-- Answer: 'ok', 'gone' (Redis was emptied or fell back) or 'fenced' (declared dead, jobs given away).
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 1 or lease == '0' then return 'fenced' end
if not lease then return 'gone' end
redis.call('PEXPIRE', KEYS[2], ARGV[3])  -- a first write that no memory limit refuses
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('HSET', KEYS[2], unpack(ARGV, 5))
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[4])
redis.call('PEXPIRE', KEYS[4], 86400000)
return 'ok'

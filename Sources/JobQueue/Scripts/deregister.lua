-- Takes a worker that stops out of the registry. If it still holds jobs its lease ends now, so that they are rescued.
-- KEYS: 1 workers, 2 worker, 3 run list, 4 host. ARGV: 1 worker.
redis.call('HDEL', KEYS[4], ARGV[1])
if redis.call('LLEN', KEYS[3]) == 0 then
    redis.call('ZREM', KEYS[1], ARGV[1])
    redis.call('DEL', KEYS[2])
    return 1
end
redis.call('ZADD', KEYS[1], 'XX', 1, ARGV[1])
return 0

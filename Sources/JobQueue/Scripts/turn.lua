-- Whoever gets the turn does a periodic duty for everybody.
-- KEYS: 1 turn, 2 workers, 3 cancelled. ARGV: 1 length of the turn (ms), 2 most workers.
-- Answer: nil, or {ids of workers whose lease is over, ids of all workers}.
if not redis.call('SET', KEYS[1], 1, 'NX', 'PX', ARGV[1]) then return false end
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
return {
    redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. now, 'LIMIT', 0, ARGV[2]),
    redis.call('ZRANGE', KEYS[2], 0, -1),
}

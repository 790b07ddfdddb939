-- Lets fences go on from a floor, on a server that may have lost count, and notes that this was done.
-- KEYS: 1 fence, 2 fence epoch. ARGV: 1 identity of the server, 2 floor.
-- Answer: 1; 0 when somebody has done it meanwhile.
if redis.call('GET', KEYS[2]) == ARGV[1] then return 0 end
redis.call('PERSIST', KEYS[1])  -- a first write that no memory limit refuses
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[2]) then redis.call('SET', KEYS[1], ARGV[2]) end
redis.call('SET', KEYS[2], ARGV[1])
return 1

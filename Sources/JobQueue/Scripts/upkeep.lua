-- Moves due delayed jobs to their queue and brings a demand key's cardinality nearer to waiting + running + due.
-- KEYS: 1 queue, 2 delayed, 3 demand, then run lists of the queue's workers. ARGV: 1 largest cardinality.
-- Answer: {jobs moved, cardinality}
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 200)
if #due > 0 then
    redis.call('ZREM', KEYS[2], unpack(due))
    for i = #due, 1, -1 do redis.call('RPUSH', KEYS[1], due[i]) end
end
local target = redis.call('LLEN', KEYS[1]) + redis.call('ZCOUNT', KEYS[2], '-inf', now)
for i = 4, #KEYS do target = target + redis.call('LLEN', KEYS[i]) end
target = math.min(target, tonumber(ARGV[1]))
local size = redis.call('ZCARD', KEYS[3])
if size > target then
    redis.call('ZREMRANGEBYRANK', KEYS[3], math.max(target, size - 2500), -1)
elseif size < target then
    local members = {}
    for i = size + 1, math.min(target, size + 2500) do
        members[#members + 1] = i
        members[#members + 1] = i
        if #members >= 2000 then
            redis.call('ZADD', KEYS[3], unpack(members))
            members = {}
        end
    end
    if #members > 0 then redis.call('ZADD', KEYS[3], unpack(members)) end
end
return {#due, redis.call('ZCARD', KEYS[3])}

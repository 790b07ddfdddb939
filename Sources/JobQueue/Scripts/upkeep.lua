-- Moves due delayed jobs to their queue and brings a demand key's cardinality nearer to waiting + running + due.
-- Counts running jobs again where the counts for limits have lost their way.
-- KEYS: 1 queue, 2 delayed, 3 demand, 4 lanes, then run lists of the queue's workers. ARGV: 1 largest cardinality.
-- Answer: {jobs moved, cardinality}
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 200)
if #due > 0 then
    redis.call('ZREM', KEYS[2], unpack(due))
    for i = #due, 1, -1 do redis.call('RPUSH', KEYS[1], due[i]) end
end
local target = redis.call('LLEN', KEYS[1]) + redis.call('ZCOUNT', KEYS[2], '-inf', now)
lanes = KEYS[4]
local running = 0
for i = 5, #KEYS do running = running + redis.call('LLEN', KEYS[i]) end
local active = lanes .. ':active'
local counted = redis.call('HGET', active, '*')
if counted and tonumber(counted) ~= running then
    redis.call('DEL', active)
    for i = 5, #KEYS do
        for _, raw in ipairs(redis.call('LRANGE', KEYS[i], 0, -1)) do
            local _, tenant = lane_of(raw)
            redis.call('HINCRBY', active, '*', 1)
            redis.call('HINCRBY', active, 't:' .. tenant, 1)
        end
    end
end
target = target + running + (redis.call('HGET', lanes, 'waiting') or 0)
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

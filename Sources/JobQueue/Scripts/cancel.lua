-- Remembers cancellations, tells the workers, and takes the jobs out of the next delayed ones of each queue.
-- KEYS: 1 cancelled, then delayed sets. ARGV: 1 ttl ms, 2 control channel, then ids.
-- Answer: the envelopes taken out.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local wanted = {}
for i = 3, #ARGV do
    wanted[ARGV[i]] = true
    redis.call('ZADD', KEYS[1], now + tonumber(ARGV[1]), ARGV[i])
    redis.call('PUBLISH', ARGV[2], 'cancel ' .. ARGV[i])
end
local taken = {}
for i = 2, #KEYS do
    for _, raw in ipairs(redis.call('ZRANGE', KEYS[i], 0, 249)) do
        local readable, envelope = pcall(cjson.decode, raw)
        if readable and type(envelope) == 'table' and wanted[envelope.id] then
            redis.call('ZREM', KEYS[i], raw)
            taken[#taken + 1] = raw
        end
    end
end
return taken

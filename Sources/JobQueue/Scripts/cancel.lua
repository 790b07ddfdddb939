-- Remembers cancellations, tells the workers, and takes the jobs out of those that wait for others and of the next
-- delayed ones of each queue.
-- KEYS: 1 cancelled, then delayed sets. ARGV: 1 ttl ms, 2 control channel, then ids.
-- Answer: the envelopes taken out.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local wanted, taken = {}, {}
local function take(raw, queue)
    taken[#taken + 1] = raw
    local readable, envelope = pcall(cjson.decode, raw)
    if not readable or type(envelope.unique_key) ~= 'string' then return end
    local unique = tag .. 'unique:' .. queue .. ':' .. envelope.unique_key
    if redis.call('GET', unique) == envelope.id then redis.call('DEL', unique) end
end
local anybody_waits = redis.call('EXISTS', tag .. 'awaiting') == 1
for i = 3, #ARGV do
    wanted[ARGV[i]] = true
    redis.call('ZADD', KEYS[1], now + tonumber(ARGV[1]), ARGV[i])
    redis.call('PUBLISH', ARGV[2], 'cancel ' .. ARGV[i])
end
for i = 2, #KEYS do
    local queue = string.match(KEYS[i], ':(%l+)$')
    for j = 3, anybody_waits and #ARGV or 0 do
        local raw = stop_waiting(queue .. ' ' .. ARGV[j])
        redis.call('DEL', tag .. 'since:' .. queue .. ' ' .. ARGV[j])
        if raw then take(raw, queue) end
    end
    for _, raw in ipairs(redis.call('ZRANGE', KEYS[i], 0, 249)) do
        local readable, envelope = pcall(cjson.decode, raw)
        if readable and type(envelope) == 'table' and wanted[envelope.id] then
            redis.call('ZREM', KEYS[i], raw)
            take(raw, queue)
        end
    end
end
return taken

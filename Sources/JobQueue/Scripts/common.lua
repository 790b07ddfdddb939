-- Put in front of the scripts that settle jobs or send progress, behind dependents.lua. Only the server's clock counts.
local clock = redis.call('TIME')
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local now = math.floor(now_us / 1000)

-- Gives a message its sequence number, updates the snapshot, keeps and publishes the message.
-- ARGV[first..last] are snapshot fields and values.
local function record(snapshot, events, channel, suffix, first, last, ttl, keep)
    local seq = redis.call('HINCRBY', snapshot, 'seq', 1)
    if last > first then redis.call('HSET', snapshot, unpack(ARGV, first, last)) end
    local message = '{"v":1,"seq":' .. string.format('%.0f', seq) .. suffix
    if redis.call('RPUSH', events, message) > keep then redis.call('LTRIM', events, -keep, -1) end
    redis.call('PEXPIRE', snapshot, ttl)
    redis.call('PEXPIRE', events, ttl)
    redis.call('PUBLISH', channel, message)
    return seq
end

-- The states in which jobs end.
local ENDS = { done = 'done', dead = 'dead', drop = 'cancelled' }

-- Applies the settlement that stands at ARGV[p]: verb, raw, value, number, id, index of the unique key, index of the
-- snapshot key (the events key follows it), channel, suffix, ttl of both, count of snapshot fields, fields, count of
-- follow-ups, (index of a queue key, raw) each. Returns whether the job was still this worker's, and the place behind it.
-- KEYS: 1 queue, 2 run list, 6 delayed, 7 parked, 8 dead, 9 dead entries, 10 stats; lanes.lua stands before it.
-- The job leaves the run list last, so that an error on the way (a foreign value under a key) loses nothing.
local function settle(p, keep, max_dead)
    local verb, raw, value, number, id = ARGV[p], ARGV[p + 1], ARGV[p + 2], tonumber(ARGV[p + 3]), ARGV[p + 4]
    local unique, snapshot = tonumber(ARGV[p + 5]), tonumber(ARGV[p + 6])
    local fields = tonumber(ARGV[p + 10])
    local follow = p + 11 + fields
    local follow_ups = tonumber(ARGV[follow])
    local behind = follow + 1 + 2 * follow_ups
    if not redis.call('LPOS', KEYS[2], raw) then return false, behind end
    if verb == 'front' then
        give_back(KEYS[1], value)
    elseif verb == 'delay' then
        redis.call('ZADD', KEYS[6], now + number, value)
        redis.call('HINCRBY', KEYS[10], 'failed', 1)
    elseif verb == 'until' then
        redis.call('ZADD', KEYS[6], number, value)
    elseif verb == 'park' then
        redis.call('LPUSH', KEYS[7], value)
    elseif verb == 'dead' then
        redis.call('HSET', KEYS[9], id, value)
        redis.call('ZADD', KEYS[8], now, id)
        redis.call('HINCRBY', KEYS[10], 'dead', 1)
        local over = redis.call('ZCARD', KEYS[8]) - max_dead
        if over > 0 then
            local oldest = redis.call('ZPOPMIN', KEYS[8], math.min(over, 100))
            for i = 1, #oldest, 2 do redis.call('HDEL', KEYS[9], oldest[i]) end
        end
    elseif verb == 'done' then
        redis.call('HINCRBY', KEYS[10], 'processed', 1)
    end
    for i = follow + 1, behind - 2, 2 do
        redis.call('LPUSH', KEYS[tonumber(ARGV[i])], ARGV[i + 1])
    end
    if unique > 0 and redis.call('GET', KEYS[unique]) == id then redis.call('DEL', KEYS[unique]) end
    if snapshot > 0 then
        record(KEYS[snapshot], KEYS[snapshot + 1], ARGV[p + 7], ARGV[p + 8], p + 11, follow - 1, ARGV[p + 9], keep)
        local ended = ENDS[verb]
        if ended then tell_dependents(id, ended) end
    end
    redis.call('LREM', KEYS[2], -1, raw)
    return true, behind
end

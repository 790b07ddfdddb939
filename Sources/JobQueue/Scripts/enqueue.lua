-- Queues envelopes, all or none.
-- KEYS: 1 queue, 2 delayed, 3 lanes, 4 jobs that wait for others, then unique and snapshot keys.
-- ARGV: 1 most waiting, 2 ttl of a unique key, 3 ttl of a snapshot, 4 count, then each: raw, id, index of the unique
--       key or 0, due ms or 0, 1 = priority or tenant of its own, index of the snapshot key or 0,
--       count of fields, fields and values.
-- Answer: {'full', waiting} or {'ok', one text each: '' or the id of the unfinished job with the same key …}
local waiting = redis.call('LLEN', KEYS[1]) + (redis.call('HGET', KEYS[3], 'waiting') or 0)
    + redis.call('ZCARD', KEYS[2]) + redis.call('ZCARD', KEYS[4])
local count = tonumber(ARGV[4])
if waiting + count > tonumber(ARGV[1]) then return {'full', waiting} end
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local answers = {'ok'}
local p = 5
for _ = 1, count do
    local raw, id, unique, due = ARGV[p], ARGV[p + 1], tonumber(ARGV[p + 2]), tonumber(ARGV[p + 3])
    local snapshot, fields = tonumber(ARGV[p + 5]), tonumber(ARGV[p + 6])
    local holder = ''
    if unique > 0 and not redis.call('SET', KEYS[unique], id, 'NX', 'PX', ARGV[2]) then
        holder = redis.call('GET', KEYS[unique])
    end
    if holder == '' then
        if due > now then
            redis.call('ZADD', KEYS[2], due, raw)
        else
            redis.call('LPUSH', KEYS[1], raw)
            -- From now on the queue is sorted, until it is empty.
            if ARGV[p + 4] == '1' then redis.call('HSETNX', KEYS[3], 'waiting', 0) end
        end
        local status = snapshot > 0 and redis.call('HGET', KEYS[snapshot], 'status')
        if snapshot > 0 and not status then
            redis.call('HSET', KEYS[snapshot], unpack(ARGV, p + 7, p + 6 + fields))
            redis.call('PEXPIRE', KEYS[snapshot], ARGV[3])
        elseif status == 'dead' then
            redis.call('HSET', KEYS[snapshot], 'status', 'queued')  -- retried by hand
        end
    end
    answers[#answers + 1] = holder
    p = p + 7 + fields
end
return answers

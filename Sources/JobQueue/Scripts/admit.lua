-- Looks at claims that need more than the fast path: gives those without an id their normalised envelope, finds
-- cancelled ones and duplicates of a unique key, and puts aside those that wait for other jobs.
-- KEYS: 1 run list, 2 cancelled, then unique keys.
-- ARGV: 1 ttl of a unique key (ms), 2 count, 3 queue, 4 longest wait for strangers (ms), 5 time between two looks (ms),
--       6 ttl of what waits (ms), 7 events kept, then each: raw, normalised raw or '', id, index of the unique key or 0,
--       ids it waits for ('' = none); if there are: policy, expiry ms or 0, channel, suffix, count of snapshot fields,
--       fields.
-- Answer: one text each: 'ok', 'lost', 'cancelled', 'waits -', 'failed <id> <status>', 'unknown <id>', 'circle <id>', or
--         the id of the unfinished job with the same key.
local UNFINISHED = { queued = true, delayed = true, running = true, waiting = true, parked = true }

-- Returns what keeps the job from running for good, else the ids that have not ended, and whether one is known.
local function look(names, policy)
    local missing, is_known = {}, false
    for name in string.gmatch(names, '%S+') do
        local status = redis.call('HGET', tag .. 'snapshot:' .. name, 'status')
        if status == 'dead' or status == 'cancelled' then
            if policy == 'done' then return 'failed ' .. name .. ' ' .. status end
        elseif status ~= 'done' then
            missing[#missing + 1] = name
            is_known = is_known or UNFINISHED[status] == true
        end
    end
    return nil, missing, is_known
end

-- The most jobs looked at to find out whether one waits for itself through others.
local WALK = 100

-- Returns which of these ids leads back to the job: it would wait for ever. Whoever comes last closes the circle.
local function circle(id, missing)
    local seen, left = {}, WALK
    for _, first in ipairs(missing) do
        local names = { first }
        while #names > 0 and left > 0 do
            local name = table.remove(names)
            if name == id then return first end
            if not seen[name] then
                seen[name] = true
                left = left - 1
                local found = redis.call('HMGET', tag .. 'snapshot:' .. name, 'status', 'queue')
                if found[1] == 'waiting' and found[2] then
                    local needs = tag .. 'needs:' .. found[2] .. ' ' .. name
                    if redis.call('SISMEMBER', needs, id) == 1 then return first end
                    for _, other in ipairs(redis.call('SRANDMEMBER', needs, left)) do names[#names + 1] = other end
                end
            end
        end
    end
end

local function put_aside(raw, id, missing, is_known, p)
    local queue, policy, expiry = ARGV[3], ARGV[p], tonumber(ARGV[p + 1])
    local job, ttl = queue .. ' ' .. id, ARGV[6]
    if is_known then
        redis.call('SET', tag .. 'since:' .. job, now, 'PX', ttl)
    else
        redis.call('SET', tag .. 'since:' .. job, now, 'NX', 'PX', ttl)
    end
    local again = now + tonumber(ARGV[5])
    if expiry > 0 and expiry < again then again = expiry end
    redis.call('HSET', tag .. 'awaiting', job, string.format('%.0f ', expiry) .. raw)
    redis.call('ZADD', tag .. 'awaiting:' .. queue, again, id)
    redis.call('DEL', tag .. 'needs:' .. job)
    redis.call('SADD', tag .. 'needs:' .. job, unpack(missing))
    redis.call('PEXPIRE', tag .. 'needs:' .. job, ttl)
    for _, name in ipairs(missing) do
        redis.call('SADD', tag .. 'dependents:' .. name, policy .. ' ' .. job)
        redis.call('PEXPIRE', tag .. 'dependents:' .. name, ttl)
    end
    local snapshot, fields = tag .. 'snapshot:' .. id, tonumber(ARGV[p + 4])
    if fields > 0 and redis.call('HGET', snapshot, 'status') ~= 'waiting' then
        record(
            snapshot, tag .. 'events:' .. id, ARGV[p + 2], ARGV[p + 3], p + 5, p + 4 + fields, ttl, tonumber(ARGV[7]))
    end
    redis.call('LREM', KEYS[1], -1, raw)
    lanes = tag .. 'lanes:' .. queue
    if redis.call('EXISTS', lanes .. ':active') == 1 then count_end(raw) end
end

local answers = {}
local p = 8
redis.call('PERSIST', KEYS[1])  -- a first write that no memory limit refuses; the rest then may not be either
for _ = 1, tonumber(ARGV[2]) do
    local raw, normal, id, unique, names = ARGV[p], ARGV[p + 1], ARGV[p + 2], tonumber(ARGV[p + 3]), ARGV[p + 4]
    local answer = 'ok'
    if normal ~= '' then
        if redis.call('LREM', KEYS[1], -1, raw) == 1 then
            redis.call('LPUSH', KEYS[1], normal)
            raw = normal
        else
            answer = 'lost'
        end
    end
    if answer == 'ok' and redis.call('ZSCORE', KEYS[2], id) then answer = 'cancelled' end
    if answer == 'ok' and unique > 0 and not redis.call('SET', KEYS[unique], id, 'NX', 'PX', ARGV[1]) then
        local holder = redis.call('GET', KEYS[unique])
        if holder ~= id then answer = holder end
    end
    if names == '' then
        p = p + 5
    else
        if answer == 'ok' then
            local job = ARGV[3] .. ' ' .. id
            local since = redis.call('GET', tag .. 'since:' .. job)
            local obstacle, missing, is_known = nil, {}, false
            if since ~= 'met' then obstacle, missing, is_known = look(names, ARGV[p + 5]) end
            if not redis.call('LPOS', KEYS[1], raw) then
                -- Asked before, and put aside; the answer was lost.
                answer = 'lost'
            elseif obstacle then
                answer = obstacle
            elseif #missing > 0 then
                if since and not is_known and now - tonumber(since) > tonumber(ARGV[4]) then
                    answer = 'unknown ' .. missing[1]
                else
                    local through = is_known and circle(id, missing)
                    if through then
                        answer = 'circle ' .. through
                    else
                        put_aside(raw, id, missing, is_known, p + 5)
                        answer = 'waits -'
                    end
                end
            end
            if answer ~= 'waits -' then redis.call('DEL', tag .. 'since:' .. job) end
        end
        p = p + 10 + tonumber(ARGV[p + 9])
    end
    answers[#answers + 1] = answer
end
return answers

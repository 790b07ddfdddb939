-- Looks again at jobs that wait for others: their time may be up, or what would have woken them was lost with a server.
-- KEYS: 1 awaiting, then the sorted sets of its queues. ARGV: 1 jobs looked at in each queue, 2 time between two looks
--       (ms), 3 longest wait for strangers (ms), 4 ttl of what waits (ms).
-- Answer: how many may run now, or never will.
local UNFINISHED = { queued = true, delayed = true, running = true, waiting = true, parked = true }
if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('DEL', tag .. 'telling')
    return 0
end
local before = redis.call('HLEN', KEYS[1])
local telling = redis.call('HGETALL', tag .. 'telling')
for i = 1, math.min(#telling, 8), 2 do tell_dependents(telling[i], telling[i + 1]) end

-- Whether the job has to go through admission; keeps alive what it waits for.
local function is_over(job, expiry)
    if expiry > 0 and expiry <= now then return true end
    local is_known = false
    local needs = redis.call('SMEMBERS', tag .. 'needs:' .. job)
    for _, name in ipairs(needs) do
        local status = redis.call('HGET', tag .. 'snapshot:' .. name, 'status')
        if status == 'done' or status == 'dead' or status == 'cancelled' then return true end
        if redis.call('PEXPIRE', tag .. 'dependents:' .. name, ARGV[4]) == 0 then return true end
        if UNFINISHED[status] then
            is_known = true
            redis.call('PEXPIRE', tag .. 'snapshot:' .. name, ARGV[4])
        end
    end
    if is_known then
        redis.call('SET', tag .. 'since:' .. job, now, 'PX', ARGV[4])
        return false
    end
    local since = redis.call('GET', tag .. 'since:' .. job)
    return #needs == 0 or not since or now - tonumber(since) > tonumber(ARGV[3])
end

for i = 2, #KEYS do
    local queue = string.match(KEYS[i], ':(%l+)$')
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', now, 'LIMIT', 0, ARGV[1])) do
        local job = queue .. ' ' .. id
        local entry = redis.call('HGET', KEYS[1], job)
        local expiry = entry and tonumber(string.match(entry, '^%d+'))
        if not entry then
            redis.call('ZREM', KEYS[i], id)
        elseif is_over(job, expiry) then
            wake(job)
        else
            local again = now + tonumber(ARGV[2])
            if expiry > 0 and expiry < again then again = expiry end
            redis.call('ZADD', KEYS[i], again, id)
            for _, name in ipairs({ 'needs:' .. job, 'since:' .. job, 'snapshot:' .. id }) do
                redis.call('PEXPIRE', tag .. name, ARGV[4])
            end
        end
    end
end
return before - redis.call('HLEN', KEYS[1])

-- Put in front of the scripts by which jobs end, or wait for others. A job that waits is named `<queue> <id>`:
--   awaiting             hash job → `<expiry ms or 0> <raw>`
--   awaiting:<queue>     sorted set id → when to look at it again (server ms)
--   needs:<job>          set of the ids that it waits for
--   since:<job>          string: when it began to wait for nobody but strangers (server ms), or `met`: for nobody any more
--   dependents:<id>      set of `<policy> <job>`: who waits for this id
--   telling              hash id → status: ends that not all dependents have been told yet
-- These keys follow from what other keys hold, so KEYS cannot have them; they share the namespace's hash tag.
local tag = string.match(KEYS[1], '^[^}]*}:')
local TOLD_AT_ONCE = 1000
local anybody_waits

-- Takes a job out of its waiting place. Returns its envelope, or nil.
local function stop_waiting(job)
    local entry = redis.call('HGET', tag .. 'awaiting', job)
    if not entry then return nil end
    local queue, id = string.match(job, '^(%l+) (.+)$')
    redis.call('HDEL', tag .. 'awaiting', job)
    redis.call('ZREM', tag .. 'awaiting:' .. queue, id)
    redis.call('DEL', tag .. 'needs:' .. job)
    return string.sub(entry, string.find(entry, ' ', 1, true) + 1), queue, id
end

-- To the front of its queue: whoever claims it looks once more at what it waits for.
local function wake(job)
    local raw, queue, id = stop_waiting(job)
    if not raw then return false end
    redis.call('RPUSH', tag .. 'queue:' .. queue, raw)
    local snapshot = tag .. 'snapshot:' .. id
    if redis.call('HGET', snapshot, 'status') == 'waiting' then redis.call('HSET', snapshot, 'status', 'queued') end
    return true
end

-- A job has ended: those that wait for it need one less.
local function tell_dependents(id, status)
    if anybody_waits == nil then anybody_waits = redis.call('EXISTS', tag .. 'awaiting') == 1 end
    if not anybody_waits then return end
    local dependents = redis.call('SPOP', tag .. 'dependents:' .. id, TOLD_AT_ONCE)
    for _, dependent in ipairs(dependents) do
        local policy, job = string.match(dependent, '^(%l+) (.+)$')
        redis.call('SREM', tag .. 'needs:' .. job, id)
        if policy == 'done' and status ~= 'done' then
            wake(job)
        elseif redis.call('EXISTS', tag .. 'needs:' .. job) == 0 and wake(job) then
            -- What it waited for may be forgotten by the time it is claimed.
            redis.call('SET', tag .. 'since:' .. job, 'met', 'PX', 604800000)
        end
    end
    if #dependents == TOLD_AT_ONCE then
        redis.call('HSET', tag .. 'telling', id, status)
    else
        redis.call('HDEL', tag .. 'telling', id)
    end
end

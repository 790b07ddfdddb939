-- Put behind lanes.lua in the script that claims. Limits hold for all workers of a queue together:
-- {jobs, starts a second} of the queue, {jobs, starts a second} of each tenant; 0: none.

-- Microseconds until one more may start at this rate: a token bucket of one second, at least of one job, written as the
-- generic cell rate algorithm (ITU-T I.371). `spend` counts the start.
local function rate_wait(key, rate, now_us, spend)
    if rate <= 0 then return 0 end
    local interval = 1000000 / rate
    local due = math.max(tonumber(redis.call('GET', key) or 0), now_us)
    local wait = due - now_us - math.max(0, 1000000 - interval)
    if wait >= 1 then return wait end
    if spend then
        local next = due + interval
        redis.call('SET', key, string.format('%.0f', next), 'PX', math.ceil((next - now_us) / 1000) + 1000)
    end
    return 0
end

-- Whether one more job may run, and else for how many µs to wait; 0: until one ends.
local function allows(active, of, jobs, rate, key, now_us)
    if jobs > 0 and tonumber(redis.call('HGET', active, of) or 0) >= jobs then return false, 0 end
    local wait = rate_wait(key, rate, now_us, false)
    return wait == 0, wait
end

local function count_start(tenant, limits, now_us)
    local active = lanes .. ':active'
    if limits[1] > 0 or limits[3] > 0 then
        redis.call('HINCRBY', active, '*', 1)
        redis.call('HINCRBY', active, 't:' .. tenant, 1)
    end
    rate_wait(lanes .. ':rate', limits[2], now_us, true)
    rate_wait(lanes .. ':rate:' .. tenant, limits[4], now_us, true)
end

-- Of a job of this worker that left its run list.
local function count_end(raw)
    local active = lanes .. ':active'
    local _, tenant = lane_of(raw)
    if redis.call('HINCRBY', active, '*', -1) <= 0 then redis.call('HDEL', active, '*') end
    if redis.call('HINCRBY', active, 't:' .. tenant, -1) <= 0 then redis.call('HDEL', active, 't:' .. tenant) end
end

-- Takes the next job of a priority: that of the tenant that has had the least so far, and may have one.
-- Returns raw and the virtual time, or nil and the wait in µs (0: until a job ends; nil: nothing is there).
local function take_from(rank, limits, now_us)
    local band = lanes .. ':' .. rank
    local shortest
    for place = 0, limits and 255 or 0 do
        local found = redis.call('ZRANGE', band, place, place, 'WITHSCORES')
        local tenant = found[1]
        if not tenant then break end
        local key = band .. ':' .. tenant
        local raw, cost, owner
        local free, wait = true, 0
        if limits then
            -- What was given back stands apart, so its tenant has to be looked up.
            owner = tenant
            if rank == tostring(RETURNED) then
                local next = redis.call('LINDEX', key, -1)
                local _
                _, owner = lane_of(string.match(next or '', '^%d+ (.*)$') or '')
            end
            free, wait = allows(lanes .. ':active', 't:' .. owner, limits[3], limits[4], lanes .. ':rate:' .. owner, now_us)
        end
        if free then
            local element = redis.call('RPOP', key)
            local isLast = redis.call('EXISTS', key) == 0
            if isLast then
                redis.call('ZREM', band, tenant)
                if redis.call('EXISTS', band) == 0 then redis.call('ZREM', lanes .. ':ranks', rank) end
            end
            if element then
                cost, raw = string.match(element, '^(%d+) (.*)$')
                if not isLast then redis.call('ZADD', band, 'XX', 'INCR', cost, tenant) end
                if limits then count_start(owner, limits, now_us) end
                return raw, found[2]
            end
        elseif not shortest or wait < shortest then
            shortest = wait
        end
    end
    return nil, shortest
end

-- Takes up to `want` jobs: highest priority first, but every SHARE-th from below, so that nothing waits for ever.
-- Returns raws, and in how many µs to look again (0: when a job ends; nil: nothing is held back).
local function take(want, limits, now_us)
    local raws, clocks, again = {}, {}, nil
    local ranks = redis.call('ZREVRANGE', lanes .. ':ranks', 0, -1)
    local turn = tonumber(redis.call('HGET', lanes, 'turn') or 0)
    while #raws < want and #ranks > 0 do
        if limits then
            local free, wait = allows(lanes .. ':active', '*', limits[1], limits[2], lanes .. ':rate', now_us)
            if not free then
                again = wait
                break
            end
        end
        local index = 1
        if ranks[1] ~= tostring(RETURNED) and #ranks > 1 then
            turn = turn + 1
            if turn % SHARE == 0 then index = 2 + (turn / SHARE) % (#ranks - 1) end
        end
        local raw, wait = take_from(ranks[index], limits, now_us)
        if raw then
            raws[#raws + 1] = raw
            clocks['clock:' .. ranks[index]] = wait
        else
            if wait and (not again or wait < again) then again = wait end
            table.remove(ranks, index)
        end
    end
    if #raws > 0 then
        for name, time in pairs(clocks) do redis.call('HSET', lanes, name, time) end
        redis.call('HSET', lanes, 'turn', turn % 1000000)
        redis.call('HINCRBY', lanes, 'waiting', -#raws)
    end
    return raws, again
end

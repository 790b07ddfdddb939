-- Settles what a worker has finished, then claims up to `want` jobs: one round trip, one atomic step.
-- KEYS: 1 queue, 2 run list, 3 workers, 4 worker, 5 tombstone, 6 delayed, 7 parked, 8 dead, 9 dead entries, 10 stats,
--       11 fence, 12 paused, 13 cancelled, 14 lanes, then those the settlements name.
-- ARGV: 1 worker, 2 queue name, 3 number of this batch, 4 want, 5 longest element (bytes), 6 events kept,
--       7 dead kept, 8 time as text, 9 limits: four numbers, or empty (see limits.lua), 10 count of plain
--       acknowledgements, their raws, count of settlements, settlements (see common.lua).
-- Answer: {'gone' | 'fenced', now} or
--         {'ok', now, paused, cancellations exist, lease runs, first fence, next due or -1, lost, raws,
--          1 = the queue is sorted}.
local lease = redis.call('ZSCORE', KEYS[3], ARGV[1])
if not lease then
    if redis.call('EXISTS', KEYS[5]) == 1 then return {'fenced', now} end
    return {'gone', now}
end
lease = tonumber(lease)
if lease == 0 then return {'fenced', now} end
lanes = KEYS[14]
local limits
if ARGV[9] ~= '' then
    limits = {}
    for number in string.gmatch(ARGV[9], '%S+') do limits[#limits + 1] = tonumber(number) end
end

local acks = tonumber(ARGV[10])
local others = tonumber(ARGV[11 + acks])
local lost = {}
if acks + others > 0 then
    -- The answer to this batch may have been lost on its way: then it is repeated, not applied again.
    if redis.call('HGET', KEYS[4], 'batch') == ARGV[3] then
        for index in string.gmatch(redis.call('HGET', KEYS[4], 'lost') or '', '%d+') do
            lost[#lost + 1] = tonumber(index)
        end
    else
        redis.call('PERSIST', KEYS[2])  -- a first write that no memory limit refuses; the rest then may not be either
        local done = 0
        -- As a rule the oldest of the run list end first and in order: then they leave it at once.
        local oldest = acks > 0 and redis.call('LRANGE', KEYS[2], -acks, -1) or {}
        local in_order = acks > 0 and #oldest == acks
        for i = 1, acks do
            if not in_order then break end
            in_order = oldest[acks - i + 1] == ARGV[10 + i]
        end
        if in_order then
            redis.call('RPOP', KEYS[2], acks)
            done = acks
            if limits then
                for i = 1, acks do count_end(ARGV[10 + i]) end
            end
        end
        for i = 1, in_order and 0 or acks do
            if redis.call('LREM', KEYS[2], -1, ARGV[10 + i]) == 1 then
                done = done + 1
                if limits then count_end(ARGV[10 + i]) end
            else
                lost[#lost + 1] = i
            end
        end
        if done > 0 then redis.call('HINCRBY', KEYS[10], 'processed', done) end
        local p = 12 + acks
        for i = 1, others do
            local ours
            local raw = ARGV[p + 1]
            ours, p = settle(p, tonumber(ARGV[6]), tonumber(ARGV[7]))
            if not ours then
                lost[#lost + 1] = acks + i
            elseif limits then
                count_end(raw)
            end
        end
        redis.call('HSET', KEYS[4], 'batch', ARGV[3], 'lost', table.concat(lost, ' '))
    end
end

local want = tonumber(ARGV[4])
local paused, fence, due_next, raws, sorted = 0, '0', -1, {}, 0
if want > 0 then
    paused = redis.call('SISMEMBER', KEYS[12], ARGV[2])
    if paused == 0 and lease >= now then
        local first = redis.call('ZRANGE', KEYS[6], 0, 0, 'WITHSCORES')
        if first[2] and tonumber(first[2]) <= now then
            local due = redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', now, 'LIMIT', 0, 16)
            redis.call('ZREM', KEYS[6], unpack(due))
            for i = #due, 1, -1 do redis.call('RPUSH', KEYS[1], due[i]) end
            first = redis.call('ZRANGE', KEYS[6], 0, 0, 'WITHSCORES')
        end
        local found, again
        if limits or redis.call('EXISTS', lanes) == 1 then
            sorted = 1
            sort(KEYS[1], math.max(64, want))
            found, again = take(want, limits, now_us)
            if redis.call('HGET', lanes, 'waiting') == '0' and redis.call('EXISTS', KEYS[1]) == 0 then
                redis.call('DEL', lanes)
            end
        else
            found = redis.call('RPOP', KEYS[1], want) or {}
        end
        for i, raw in ipairs(found) do
            if #raw <= tonumber(ARGV[5]) then
                raws[#raws + 1] = raw
            else
                -- Too long to be carried anywhere; the bytes are not kept.
                local id = string.format('oversized-%.0f-%d', now_us, i)
                local reason = 'the element has ' .. #raw .. ' bytes; nothing longer than ' .. ARGV[5] .. ' is read'
                local entry = '{"id":"%s","queue":"%s","kind":"","code":"too_large","reason":"%s","attempts":0,'
                    .. '"failures":[],"at":"%s"}'
                redis.call('HSET', KEYS[9], id, string.format(entry, id, ARGV[2], reason, ARGV[8]))
                redis.call('ZADD', KEYS[8], now, id)
                redis.call('HINCRBY', KEYS[10], 'dead', 1)
            end
        end
        if #raws > 0 then
            redis.call('LPUSH', KEYS[2], unpack(raws))
            -- Not below the microseconds since 1970, so that fences rise even when Redis was emptied or fell back.
            local last = redis.call('INCRBY', KEYS[11], #raws)
            if last < now_us then
                last = now_us + #raws
                redis.call('SET', KEYS[11], string.format('%.0f', last))
            end
            fence = string.format('%.0f', last - #raws + 1)
        end
        if #raws < want then
            if first[2] then due_next = tonumber(first[2]) end
            if again and again > 0 then
                again = now + math.ceil(again / 1000)
                if due_next < 0 or again < due_next then due_next = again end
            end
        end
    end
end
return {
    'ok', now, paused, redis.call('EXISTS', KEYS[13]), lease >= now and 1 or 0, fence, due_next, lost, raws, sorted,
}

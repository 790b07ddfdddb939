-- Claims up to `want` jobs of a queue that was idle: the plain case of exchange.lua, which takes over where there is more
-- to see to. It stands by itself and is short because it runs while somebody waits for it.
-- KEYS: 1 queue, 2 run list, 3 workers, 4 delayed, 5 fence, 6 paused, 7 cancelled, 8 lanes.
-- ARGV: 1 worker, 2 want, 3 longest element (bytes).
-- Answer: as exchange.lua; 'again' instead of 'ok' where that has to take over.
local call = redis.call
local clock = call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local lease = call('ZSCORE', KEYS[3], ARGV[1])
if not lease or tonumber(lease) < now or call('EXISTS', KEYS[6], KEYS[8]) > 0 then return {'again', now} end
local first = call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')
if first[2] and tonumber(first[2]) <= now then return {'again', now} end
local raws = call('RPOP', KEYS[1], ARGV[2]) or {}
local count, fence = #raws, '0'
for i = 1, count do
    if #raws[i] > tonumber(ARGV[3]) then
        for back = count, 1, -1 do call('RPUSH', KEYS[1], raws[back]) end
        return {'again', now}
    end
end
if count > 0 then
    call('LPUSH', KEYS[2], unpack(raws))
    -- As in exchange.lua.
    local last = call('INCRBY', KEYS[5], count)
    local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
    if last < now_us then
        last = now_us + count
        call('SET', KEYS[5], string.format('%.0f', last))
    end
    fence = string.format('%.0f', last - count + 1)
end
local due_next = count < tonumber(ARGV[2]) and first[2] and tonumber(first[2]) or -1
return {'ok', now, 0, count > 0 and call('EXISTS', KEYS[7]) or 0, 1, fence, due_next, {}, raws, 0}

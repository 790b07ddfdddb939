-- Sends one progress message; refuses it when a newer claim of the same job has reported already.
-- KEYS: 1 snapshot, 2 events, 3 fences, 4 log, where the message is a line of one.
-- ARGV: 1 channel, 2 message behind its seq, 3 fence or '', 4 job, 5 ttl ms, 6 messages kept, 7 how the job of the
--       snapshot has ended or '', 8 ttl of the log (ms), then snapshot fields and values.
-- Answer: seq, or nil.
if ARGV[3] ~= '' then
    local newest = redis.call('HGET', KEYS[3], ARGV[4])
    if newest and tonumber(newest) > tonumber(ARGV[3]) then return false end
    if newest ~= ARGV[3] then
        redis.call('HSET', KEYS[3], ARGV[4], ARGV[3])
    end
    redis.call('PEXPIRE', KEYS[3], ARGV[5])
end
local seq = record(KEYS[1], KEYS[2], ARGV[1], ARGV[2], 9, #ARGV, tonumber(ARGV[5]), tonumber(ARGV[6]))
if ARGV[7] ~= '' then tell_dependents(string.sub(KEYS[1], #tag + #'snapshot:' + 1), ARGV[7]) end
if KEYS[4] then
    local keep = tonumber(ARGV[6])
    local line = '{"v":1,"seq":' .. string.format('%.0f', seq) .. ARGV[2]
    if redis.call('RPUSH', KEYS[4], line) > keep then redis.call('LTRIM', KEYS[4], -keep, -1) end
    redis.call('PEXPIRE', KEYS[4], ARGV[8])
end
return seq

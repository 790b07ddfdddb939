-- Puts ends of jobs that only the record knows into their snapshots, and tells who waits for them.
-- KEYS: 1 awaiting. ARGV: 1 ttl of a snapshot (ms), then id and status each. Answer: how many were missing.
local restored = 0
for i = 2, #ARGV, 2 do
    local snapshot, status = tag .. 'snapshot:' .. ARGV[i], ARGV[i + 1]
    local known = redis.call('HGET', snapshot, 'status')
    if not known then
        redis.call('HSET', snapshot, 'status', status, 'job', ARGV[i], 'seq', 0)
        redis.call('PEXPIRE', snapshot, ARGV[1])
        restored = restored + 1
    end
    if not known or known == status then tell_dependents(ARGV[i], status) end
end
return restored

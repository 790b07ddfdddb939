-- Put in front of the scripts that sort jobs or give them back. A queue whose jobs differ in priority or tenant is sorted:
-- its jobs go from the list to lanes, one for each priority and tenant.
-- `lanes` names them; the script sets it to one of its keys:
--   lanes                       hash: waiting (jobs in lanes), turn, clock:<priority>; is there while the queue is sorted
--   lanes:ranks                 sorted set of the priorities that have jobs
--   lanes:<priority>            sorted set of its tenants by virtual time
--   lanes:<priority>:<tenant>   list of `<cost> <raw>`, the next one at the right
--   lanes:active                hash: running jobs, of each tenant and of all (`*`); only while they are limited
--   lanes:rate, lanes:rate:<t>  string: when the next job would be due at the limited rate (µs)
local lanes

-- Of jobs given back by a worker; above every priority there is.
local RETURNED = 101
-- One of so many jobs is of a lower priority than the highest that waits.
local SHARE = 16

-- Priority, tenant, cost, and whether it has been at the head before. What cannot be read goes with the usual ones, and
-- the worker that claims it will say what is wrong.
local function lane_of(raw)
    local readable, job
    if #raw <= 262144 then readable, job = pcall(cjson.decode, raw) end
    if not readable or type(job) ~= 'table' then return 0, 'default', 1, false end
    local priority, tenant, cost, attempt = job.priority, job.tenant, job.cost, job.attempt
    if type(priority) ~= 'number' or priority % 1 ~= 0 or priority < -100 or priority > 100 then priority = 0 end
    if type(tenant) ~= 'string' or #tenant > 64 then tenant = 'default' end
    if type(cost) ~= 'number' or not (cost >= 1 and cost <= 1000000) then cost = 1 end
    return priority, tenant, math.ceil(cost), type(attempt) == 'number' and attempt > 1
end

-- Whether a job wants more than its turn. Looks twice only where the words occur.
local function is_special(raw)
    if not string.find(raw, '"priority"', 1, true) and not string.find(raw, '"tenant"', 1, true) then return false end
    local priority, tenant = lane_of(raw)
    return priority ~= 0 or tenant ~= 'default'
end

-- A tenant that comes (again) starts at the time of those that are being served (start-time fair queueing, Goyal 1996).
local function put(raw, priority, tenant, cost, first)
    local rank = string.format('%d', priority)
    local band = lanes .. ':' .. rank
    local length = redis.call(first and 'RPUSH' or 'LPUSH', band .. ':' .. tenant, string.format('%d ', cost) .. raw)
    if length == 1 then
        redis.call('ZADD', band, redis.call('HGET', lanes, 'clock:' .. rank) or 0, tenant)
        redis.call('ZADD', lanes .. ':ranks', priority, rank)
    end
end

-- To the very front.
local function give_back(queue, raw)
    if redis.call('EXISTS', lanes) == 0 then
        redis.call('RPUSH', queue, raw)
    else
        put(raw, RETURNED, '', 1, true)
        redis.call('HINCRBY', lanes, 'waiting', 1)
    end
end

-- Moves up to `most` jobs from the list to their lanes. Returns how many.
local function sort(queue, most)
    local raws = redis.call('RPOP', queue, most)
    if not raws then return 0 end
    for _, raw in ipairs(raws) do put(raw, lane_of(raw)) end
    redis.call('HINCRBY', lanes, 'waiting', #raws)
    return #raws
end

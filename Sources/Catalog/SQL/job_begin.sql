UPDATE job_runs
SET state = 'running', attempt = $2, fence = $3, started_at = coalesce(started_at, now())
WHERE id = $1 AND fence <= $3 AND state IN ('queued', 'running', 'parked')

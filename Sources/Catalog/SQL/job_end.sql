UPDATE job_runs
SET state = $2, attempt = greatest(attempt, $3), fence = greatest(fence, $4), result = $5, error_code = $6,
    error_message = $7, finished_at = now()
WHERE id = $1 AND fence <= $4 AND state IN ('queued', 'running', 'parked')

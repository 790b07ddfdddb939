UPDATE job_runs SET state = 'cancelled', finished_at = now()
WHERE batch_id = $1 AND state IN ('queued', 'running', 'parked')

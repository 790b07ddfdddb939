UPDATE job_runs SET state = 'parked', error_message = $2 WHERE id = $1 AND state IN ('queued', 'running')

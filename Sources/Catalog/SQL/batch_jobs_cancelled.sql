SELECT id FROM job_runs WHERE batch_id = $1 AND state = 'cancelled'

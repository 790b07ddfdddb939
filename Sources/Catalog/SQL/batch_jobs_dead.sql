SELECT error_code, error_message FROM job_runs WHERE batch_id = $1 AND image_id IS NULL AND state = 'dead' LIMIT 1

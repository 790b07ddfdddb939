UPDATE job_runs
SET state = 'queued', result = NULL, error_code = NULL, error_message = NULL, enqueued_at = now(), finished_at = NULL
WHERE id = $1

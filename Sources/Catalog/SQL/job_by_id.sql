SELECT id, queue, kind, tenant, batch_id, image_id, step, envelope, state, attempt, fence, result, error_code,
       error_message, created_at, enqueued_at, started_at, finished_at
FROM job_runs
WHERE id = $1 AND ($2::text IS NULL OR tenant = $2)

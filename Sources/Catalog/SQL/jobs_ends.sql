SELECT id, state, fence, attempt, error_code, finished_at FROM job_runs WHERE id = ANY ($1::text[])

SELECT queue, step, image_id, envelope FROM job_runs WHERE id = ANY ($1::text[]) AND state = 'queued' ORDER BY created_at, id

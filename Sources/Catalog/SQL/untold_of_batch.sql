SELECT id, image_id, job_id, event FROM untold WHERE batch_id = $1 ORDER BY id LIMIT 1000

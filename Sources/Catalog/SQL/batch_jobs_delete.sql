DELETE FROM job_runs WHERE batch_id = $1 AND image_id IS NULL AND id <> $2

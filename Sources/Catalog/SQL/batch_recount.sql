UPDATE batches b
SET processed_images = c.processed, failed_images = c.failed, infected_images = c.infected
FROM (SELECT count(*) FILTER (WHERE status = 'completed') AS processed,
             count(*) FILTER (WHERE status IN ('failed', 'held', 'cancelled')) AS failed,
             count(*) FILTER (WHERE status = 'infected') AS infected
      FROM images
      WHERE batch_id = $1) c
WHERE b.id = $1
RETURNING b.processed_images + b.failed_images + b.infected_images >= b.total_images AS is_through

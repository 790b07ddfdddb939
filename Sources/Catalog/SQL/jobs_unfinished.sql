SELECT id, queue, step, image_id, envelope, enqueued_at
FROM job_runs
WHERE state IN ('queued', 'running') AND enqueued_at < now() - make_interval(secs => $1)
  AND ($2::timestamptz IS NULL OR (enqueued_at, id) > ($2, $3::text))
ORDER BY enqueued_at, id
LIMIT $4

-- The bound is that of the walk's first page: jobs that are touched on the way, or come meanwhile, do not come up again.
SELECT id, queue, step, image_id, envelope, enqueued_at,
    coalesce($5::timestamptz, now() - make_interval(secs => $1)) AS bound
FROM job_runs
WHERE state IN ('queued', 'running')
  AND enqueued_at < coalesce($5::timestamptz, now() - make_interval(secs => $1))
  AND ($2::timestamptz IS NULL OR (enqueued_at, id) > ($2, $3::text))
ORDER BY enqueued_at, id
LIMIT $4

-- Assets of a running batch that no unfinished job would bring on.
SELECT i.id
FROM images i
JOIN batches b ON b.id = i.batch_id
WHERE b.status = 'processing' AND b.started_at < now() - make_interval(secs => $1)
  AND i.status IN ('pending', 'processing')
  AND NOT EXISTS (SELECT FROM job_runs j
                  WHERE j.image_id = i.id AND j.state IN ('queued', 'running', 'parked'))
ORDER BY b.started_at, i.position
LIMIT $2

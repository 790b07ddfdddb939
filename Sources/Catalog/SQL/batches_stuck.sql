-- Through with every asset, but nothing is left that would close the batch.
SELECT b.id
FROM batches b
WHERE b.status = 'processing' AND b.started_at < now() - make_interval(secs => $1)
  AND NOT EXISTS (SELECT FROM images i WHERE i.batch_id = b.id AND i.status IN ('pending', 'processing'))
  AND NOT EXISTS (SELECT FROM job_runs j
                  WHERE j.batch_id = b.id AND j.image_id IS NULL AND j.state IN ('queued', 'running', 'parked'))
ORDER BY b.started_at
LIMIT $2

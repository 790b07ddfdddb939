UPDATE job_runs SET enqueued_at = now() WHERE id = ANY ($1::text[]) AND state IN ('queued', 'running')

UPDATE batches SET status = 'processing', started_at = now() WHERE id = $1 AND status = 'pending'

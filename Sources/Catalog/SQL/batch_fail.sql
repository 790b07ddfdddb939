UPDATE batches SET status = 'failed', completed_at = now(), error_code = $2, error_message = $3
WHERE id = $1 AND status = 'processing'

UPDATE batches SET status = 'completed', completed_at = now(), error_code = NULL, error_message = NULL
WHERE id = $1 AND status = 'processing'

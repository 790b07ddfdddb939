UPDATE images SET status = 'cancelled', step = NULL, processed_at = now()
WHERE batch_id = $1 AND status IN ('pending', 'processing')

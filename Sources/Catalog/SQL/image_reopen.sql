UPDATE images
SET status = 'processing', step = $2, processed_at = NULL, error_code = NULL, error_message = NULL, fence = 0
WHERE id = $1 AND status IN ('failed', 'held', 'cancelled')

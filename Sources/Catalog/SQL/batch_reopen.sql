UPDATE batches
SET status = 'processing', completed_at = NULL, error_code = NULL, error_message = NULL,
    failed_images = failed_images - $2
WHERE id = $1 AND status IN ('processing', 'completed', 'failed')

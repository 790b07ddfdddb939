UPDATE batches
SET status = 'cancelled', completed_at = CASE WHEN status = 'cancelled' THEN completed_at ELSE now() END
WHERE id = $1

SELECT id FROM batches WHERE status = 'cancelled' AND completed_at >= $1 ORDER BY completed_at, id LIMIT $2

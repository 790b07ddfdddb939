UPDATE batches SET status = 'cancelled', completed_at = coalesce(completed_at, now()) WHERE id = $1

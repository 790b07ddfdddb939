DELETE FROM batches WHERE id = $1 AND ($2::text IS NULL OR tenant_id = $2)

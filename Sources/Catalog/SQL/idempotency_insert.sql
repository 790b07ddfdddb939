INSERT INTO idempotency_keys (tenant, key, batch_id, request_hash) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, key) DO NOTHING

INSERT INTO batches (id, tenant_id, recipe, keywords, options, callback_url, idempotency_key)
VALUES ($1, $2, $3, $4, $5, $6, $7)

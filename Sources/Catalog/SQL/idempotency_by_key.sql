SELECT batch_id, request_hash FROM idempotency_keys WHERE tenant = $1 AND key = $2

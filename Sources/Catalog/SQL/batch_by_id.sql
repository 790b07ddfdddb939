SELECT id, tenant_id, recipe, status, total_images, processed_images, failed_images, infected_images, total_bytes,
       keywords, options, callback_url, idempotency_key, error_code, error_message, export_key, export_bytes,
       export_etag, export_plan, created_at, started_at, completed_at
FROM batches
WHERE id = $1 AND ($2::text IS NULL OR tenant_id = $2)

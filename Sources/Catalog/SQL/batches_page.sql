-- The plan of an export can be large, so it is not part of a list.
SELECT id, tenant_id, recipe, status, total_images, processed_images, failed_images, infected_images, total_bytes,
       keywords, options, callback_url, idempotency_key, error_code, error_message, export_key, export_bytes,
       export_etag, NULL AS export_plan, created_at, started_at, completed_at
FROM batches
WHERE tenant_id = $1 AND ($2::text IS NULL OR status = $2)
  AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
ORDER BY created_at DESC, id DESC
LIMIT $5

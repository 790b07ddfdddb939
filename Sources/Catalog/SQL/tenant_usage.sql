SELECT t.id, t.name, t.max_bytes, t.created_at,
       (SELECT count(*) FROM batches b WHERE b.tenant_id = t.id) AS batches,
       (SELECT coalesce(sum(b.total_bytes), 0) FROM batches b WHERE b.tenant_id = t.id AND b.status <> 'cancelled')::bigint
           AS stored_bytes
FROM tenants t
WHERE t.id = $1

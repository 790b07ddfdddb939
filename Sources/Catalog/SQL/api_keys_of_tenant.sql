SELECT id, tenant_id, name, prefix, scopes, created_at, revoked_at, last_used_at
FROM api_keys
WHERE tenant_id = $1
ORDER BY created_at, id

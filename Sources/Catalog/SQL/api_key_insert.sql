INSERT INTO api_keys (id, tenant_id, name, hash, prefix, scopes) VALUES ($1, $2, $3, $4, $5, $6)

INSERT INTO tenants (id, name, max_bytes) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, max_bytes = excluded.max_bytes

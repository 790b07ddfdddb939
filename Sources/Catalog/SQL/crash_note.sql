-- Another engine begins to count anew.
INSERT INTO quarantine AS q (checksum, operation, engine, code, message)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (checksum, operation) DO UPDATE
SET crashes = CASE WHEN q.engine = excluded.engine THEN q.crashes + 1 ELSE 1 END,
    first_at = CASE WHEN q.engine = excluded.engine THEN q.first_at ELSE excluded.first_at END,
    engine = excluded.engine, code = excluded.code, message = excluded.message, last_at = excluded.last_at
RETURNING crashes

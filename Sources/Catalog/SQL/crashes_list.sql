SELECT checksum, operation, engine, crashes, code, message, first_at, last_at
FROM quarantine
ORDER BY last_at DESC, checksum, operation
LIMIT $1

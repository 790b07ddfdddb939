DELETE FROM quarantine WHERE checksum = $1 AND ($2::text IS NULL OR operation = $2)

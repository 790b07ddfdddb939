SELECT file_path AS key FROM images WHERE batch_id = $1
UNION
SELECT v.key FROM variants v JOIN images i ON i.id = v.image_id WHERE i.batch_id = $1
UNION
SELECT export_key FROM batches WHERE id = $1 AND export_key IS NOT NULL

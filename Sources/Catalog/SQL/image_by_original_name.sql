SELECT id, file_path, file_size, checksum FROM images WHERE batch_id = $1 AND original_name = $2 LIMIT 1

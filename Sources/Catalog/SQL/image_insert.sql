INSERT INTO images (id, batch_id, position, original_name, file_path, file_size, mime_type, checksum, crc32)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

INSERT INTO variants (id, image_id, name, format, mime_type, width, height, bytes, sha256, crc32, key, kept_original)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

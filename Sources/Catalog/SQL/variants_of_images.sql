SELECT image_id, name, format, mime_type, width, height, bytes, sha256, crc32, key, kept_original
FROM variants
WHERE image_id = ANY ($1::uuid[])
ORDER BY created_at, name

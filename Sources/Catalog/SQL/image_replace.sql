UPDATE images SET file_path = $2, file_size = $3, mime_type = $4, checksum = $5, crc32 = $6 WHERE id = $1

SELECT i.id, i.batch_id, i.position, i.original_name, i.proposed_name, i.name_source, i.file_path, i.file_size,
       i.mime_type, i.checksum, i.crc32, i.scan, i.analysis, i.status, i.step, i.error_code, i.error_message,
       i.created_at, i.processed_at
FROM images i
WHERE i.batch_id = $1 AND i.position > $2 AND ($3::text IS NULL OR i.status = $3)
ORDER BY i.position
LIMIT $4

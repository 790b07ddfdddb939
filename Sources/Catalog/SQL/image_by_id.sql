SELECT i.id, i.batch_id, i.position, i.original_name, i.proposed_name, i.name_source, i.file_path, i.file_size,
       i.mime_type, i.checksum, i.crc32, i.scan, i.analysis, i.status, i.step, i.error_code, i.error_message,
       i.created_at, i.processed_at
FROM images i
JOIN batches b ON b.id = i.batch_id
WHERE i.id = $1 AND ($2::text IS NULL OR b.tenant_id = $2)

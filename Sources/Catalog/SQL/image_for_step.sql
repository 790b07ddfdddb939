-- With what the content did to this operation before: no round trip of its own.
SELECT i.id, i.batch_id, i.position, i.original_name, i.proposed_name, i.name_source, i.file_path, i.file_size,
       i.mime_type, i.checksum, i.crc32, i.scan, i.analysis, i.status, i.step, i.error_code, i.error_message,
       i.created_at, i.processed_at, q.crashes, q.engine AS crashed_engine
FROM images i
LEFT JOIN quarantine q ON q.checksum = i.checksum AND q.operation = $2
WHERE i.id = $1

UPDATE batches SET export_key = $2, export_bytes = $3, export_etag = $4, export_plan = $5 WHERE id = $1

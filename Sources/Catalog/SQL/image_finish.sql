UPDATE images
SET status = $2, step = NULL, processed_at = now(), error_code = $3, error_message = $4,
    file_path = coalesce($5, file_path)
WHERE id = $1

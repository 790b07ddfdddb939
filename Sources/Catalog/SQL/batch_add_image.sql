UPDATE batches
SET total_images = total_images + $2, total_bytes = total_bytes + $3, next_position = next_position + $2
WHERE id = $1
RETURNING next_position - 1 AS position

UPDATE batches
SET processed_images = processed_images + $2, failed_images = failed_images + $3,
    infected_images = infected_images + $4
WHERE id = $1
RETURNING status = 'processing' AND processed_images + failed_images + infected_images >= total_images AS is_through

INSERT INTO untold (batch_id, image_id, job_id, event) VALUES ($1, $2, $3, $4)

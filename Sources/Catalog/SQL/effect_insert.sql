-- A second receipt for the same effect violates the primary key and undoes the whole transaction.
INSERT INTO effects (job_id, effect, fence, attempt, input_sha256, output_sha256, engine, follow_ups)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

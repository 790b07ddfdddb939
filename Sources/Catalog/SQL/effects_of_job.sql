SELECT job_id, effect, fence, attempt, input_sha256, output_sha256, engine, follow_ups, at
FROM effects
WHERE job_id = $1
ORDER BY at

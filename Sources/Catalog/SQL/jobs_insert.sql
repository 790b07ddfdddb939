INSERT INTO job_runs (id, queue, kind, tenant, batch_id, image_id, step, envelope)
SELECT id, queue, kind, tenant, nullif(batch, '')::uuid, nullif(image, '')::uuid, nullif(step, ''), envelope::json
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS j (id, queue, kind, tenant, batch, image, step, envelope)
ON CONFLICT (id) DO NOTHING
RETURNING id

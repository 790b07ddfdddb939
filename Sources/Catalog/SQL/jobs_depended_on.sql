SELECT id, state, tenant, batch_id FROM job_runs WHERE id = ANY ($1::text[])

UPDATE images i SET proposed_name = $2, name_source = 'person'
FROM batches b
WHERE i.id = $1 AND b.id = i.batch_id AND ($3::text IS NULL OR b.tenant_id = $3)

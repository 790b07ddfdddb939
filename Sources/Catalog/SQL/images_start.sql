UPDATE images i SET status = 'processing', step = s.step
FROM unnest($2::uuid[], $3::text[]) AS s (id, step)
WHERE i.batch_id = $1 AND i.id = s.id AND i.status = 'pending'

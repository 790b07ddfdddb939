DELETE FROM untold WHERE id = ANY ($1::bigint[])

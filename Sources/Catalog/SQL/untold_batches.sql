SELECT batch_id FROM untold GROUP BY batch_id HAVING min(at) < now() - make_interval(secs => $1) ORDER BY min(id) LIMIT $2

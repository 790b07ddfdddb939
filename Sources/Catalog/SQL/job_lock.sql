SELECT state, fence FROM job_runs WHERE id = $1 FOR NO KEY UPDATE

UPDATE images SET scan = $2 WHERE id = $1

UPDATE images SET step = $2, fence = 0 WHERE id = $1

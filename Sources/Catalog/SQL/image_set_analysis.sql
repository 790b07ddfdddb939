UPDATE images SET analysis = $2, vision_tags = $3 WHERE id = $1

DELETE FROM variants WHERE image_id = $1

SELECT tick FROM schedule_ticks
WHERE recipe = $1 AND done_at IS NULL AND fired_at < now() - interval '5 minutes' AND tick > $2
ORDER BY tick

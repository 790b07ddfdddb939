UPDATE schedule_ticks SET done_at = now() WHERE recipe = $1 AND tick = $2

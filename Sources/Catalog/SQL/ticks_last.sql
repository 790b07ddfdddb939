SELECT max(tick) AS tick FROM schedule_ticks WHERE recipe = $1

INSERT INTO schedule_ticks (recipe, tick) VALUES ($1, $2) ON CONFLICT (recipe, tick) DO NOTHING

-- One that was claimed and not fired within five minutes, since whoever claimed it died, may be claimed again.
INSERT INTO schedule_ticks AS t (recipe, tick) VALUES ($1, $2)
ON CONFLICT (recipe, tick) DO UPDATE SET fired_at = now()
    WHERE t.done_at IS NULL AND t.fired_at < now() - interval '5 minutes'

-- One after the other, and against nobody else: the letters "fl_fence".
SELECT pg_advisory_xact_lock(7380378782746436453)

-- Any number that nobody else in this database uses: the letters "flotilla".
SELECT pg_advisory_xact_lock(7380396435129003105)

-- The row stays locked until COMMIT, so two assets with the same stem get their numbers one after the other.
INSERT INTO name_series (batch_id, stem, last) VALUES ($1, lower($2), 1)
ON CONFLICT (batch_id, stem) DO UPDATE SET last = name_series.last + 1
RETURNING last

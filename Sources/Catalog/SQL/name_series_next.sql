-- No row: a person has named this image. The series' row stays locked until COMMIT, so two images with the same stem
-- get their numbers one after the other.
INSERT INTO name_series (batch_id, stem, last)
SELECT batch_id, lower($2), 1 FROM images WHERE id = $1 AND name_source IS DISTINCT FROM 'person'
ON CONFLICT (batch_id, stem) DO UPDATE SET last = name_series.last + 1
RETURNING last

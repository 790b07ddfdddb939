-- What was recorded and may not have been announced yet: written with what it tells of, deleted once subscribers know.
CREATE TABLE untold (
    id       bigserial PRIMARY KEY,
    batch_id uuid NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    -- NULL: about the whole batch.
    image_id uuid REFERENCES images (id) ON DELETE CASCADE,
    job_id   text,
    event    text NOT NULL,
    at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX untold_of_batch ON untold (batch_id, id);

-- A tick is claimed before it fires; NULL: whoever claimed it has not said yet that its batch is started.
ALTER TABLE schedule_ticks ADD COLUMN done_at timestamptz;
UPDATE schedule_ticks SET done_at = fired_at;
CREATE INDEX schedule_ticks_undone ON schedule_ticks (fired_at) WHERE done_at IS NULL;

-- Where fences went on whenever Redis was another server, or the same one started again: see docs/decisions/0009.
CREATE TABLE fence_epochs (
    epoch bigserial PRIMARY KEY,
    -- The server's run id.
    redis text NOT NULL,
    -- Claims of this epoch and of those before it have fences above it.
    floor bigint NOT NULL CHECK (floor BETWEEN 0 AND 9007199254740991),
    at    timestamptz NOT NULL DEFAULT now()
);
-- Done jobs are never claimed again, so that the end of a job adds nothing here.
CREATE INDEX job_runs_fence ON job_runs (fence) WHERE state <> 'done';

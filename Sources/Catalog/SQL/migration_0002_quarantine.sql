-- Contents that made native code crash, by the operation that crashed: once there were enough crashes, no worker gives
-- them to that engine again. For all tenants, as equal bytes crash equally, and without reference to an asset, as these
-- come and go.
CREATE TABLE quarantine (
    checksum  text NOT NULL CHECK (checksum ~ '^[0-9a-f]{64}$'),
    operation text NOT NULL CHECK (octet_length(operation) BETWEEN 1 AND 64),
    -- Name and version. With another one the entry does not hold.
    engine    text NOT NULL,
    crashes   integer NOT NULL DEFAULT 1 CHECK (crashes > 0),
    code      text NOT NULL,
    message   text NOT NULL,
    first_at  timestamptz NOT NULL DEFAULT now(),
    last_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (checksum, operation)
);
CREATE INDEX quarantine_newest ON quarantine (last_at);

-- The record: what was accepted, what was done with it, and what is left to do.

CREATE TABLE tenants (
    id         text PRIMARY KEY CHECK (octet_length(id) BETWEEN 1 AND 64),
    name       text NOT NULL,
    -- NULL: no quota.
    max_bytes  bigint CHECK (max_bytes >= 0),
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO tenants (id, name) VALUES ('default', 'Default');

-- Keys have 256 random bits, so a plain SHA-256 of them can be neither reversed nor guessed.
CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    tenant_id    text NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name         text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 200),
    hash         bytea NOT NULL CONSTRAINT api_keys_hash_once UNIQUE CHECK (octet_length(hash) = 32),
    prefix       text NOT NULL,
    scopes       text[] NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    revoked_at   timestamptz,
    last_used_at timestamptz
);
CREATE INDEX api_keys_of_tenant ON api_keys (tenant_id, created_at);

CREATE TABLE batches (
    id               uuid PRIMARY KEY,
    tenant_id        text NOT NULL REFERENCES tenants (id),
    recipe           text NOT NULL,
    status           text NOT NULL DEFAULT 'pending'
                     CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    total_images     integer NOT NULL DEFAULT 0 CHECK (total_images >= 0),
    -- Finished well. Failed, held and singly cancelled ones count as failed; a cancelled batch counts no further.
    processed_images integer NOT NULL DEFAULT 0 CHECK (processed_images >= 0),
    failed_images    integer NOT NULL DEFAULT 0 CHECK (failed_images >= 0),
    infected_images  integer NOT NULL DEFAULT 0 CHECK (infected_images >= 0),
    total_bytes      bigint NOT NULL DEFAULT 0 CHECK (total_bytes >= 0),
    next_position    integer NOT NULL DEFAULT 1,
    keywords         text[] NOT NULL DEFAULT '{}',
    options          jsonb NOT NULL DEFAULT '{}',
    callback_url     text,
    idempotency_key  text,
    error_code       text,
    error_message    text,
    export_key       text,
    export_bytes     bigint,
    export_etag      text,
    export_plan      json,
    created_at       timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    completed_at     timestamptz,
    CONSTRAINT batches_counters CHECK (processed_images + failed_images + infected_images <= total_images)
);
CREATE INDEX batches_newest ON batches (tenant_id, created_at DESC, id DESC);
CREATE INDEX batches_by_status ON batches (tenant_id, status, created_at DESC, id DESC);
CREATE INDEX batches_running ON batches (started_at) WHERE status = 'processing';
CREATE INDEX batches_cancelled ON batches (completed_at) WHERE status = 'cancelled';

CREATE TABLE images (
    id            uuid PRIMARY KEY,
    batch_id      uuid NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    position      integer NOT NULL,
    original_name text NOT NULL CHECK (octet_length(original_name) BETWEEN 1 AND 1024),
    proposed_name text CONSTRAINT images_proposed_name_safe
                  CHECK (octet_length(proposed_name) BETWEEN 1 AND 255 AND proposed_name !~ '[/\\[:cntrl:]]'
                         AND proposed_name NOT IN ('.', '..')),
    name_source   text CHECK (name_source IN ('machine', 'person')),
    file_path     text NOT NULL,
    file_size     bigint NOT NULL CHECK (file_size >= 0),
    mime_type     text NOT NULL,
    checksum      text NOT NULL CHECK (checksum ~ '^[0-9a-f]{64}$'),
    crc32         bigint NOT NULL CHECK (crc32 BETWEEN 0 AND 4294967295),
    vision_tags   jsonb,
    scan          jsonb,
    analysis      jsonb,
    status        text NOT NULL DEFAULT 'pending'
                  CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'infected', 'held', 'cancelled')),
    -- The step to run next, or being run.
    step          text,
    error_code    text,
    error_message text,
    -- Of the newest claim that touched this step; an older claim changes nothing.
    fence         bigint NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT now(),
    processed_at  timestamptz,
    CONSTRAINT images_position_once UNIQUE (batch_id, position),
    CONSTRAINT images_name_has_source CHECK ((proposed_name IS NULL) = (name_source IS NULL))
);
CREATE UNIQUE INDEX images_proposed_name_once ON images (batch_id, lower(proposed_name));
CREATE INDEX images_by_original_name ON images (batch_id, original_name);
CREATE INDEX images_unfinished ON images (batch_id) WHERE status IN ('pending', 'processing');

-- The last number given to a proposed name, so that the thousandth "red-shoes" need not try 999 others.
CREATE TABLE name_series (
    batch_id uuid NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    stem     text NOT NULL,
    last     integer NOT NULL,
    PRIMARY KEY (batch_id, stem)
);

CREATE TABLE variants (
    id            uuid PRIMARY KEY,
    image_id      uuid NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    name          text NOT NULL,
    format        text NOT NULL,
    mime_type     text NOT NULL,
    width         integer NOT NULL CHECK (width >= 0),
    height        integer NOT NULL CHECK (height >= 0),
    bytes         bigint NOT NULL CHECK (bytes >= 0),
    sha256        text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    crc32         bigint NOT NULL CHECK (crc32 BETWEEN 0 AND 4294967295),
    key           text NOT NULL,
    kept_original boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT variants_name_once UNIQUE (image_id, name)
);

-- Every job that was accepted, with its envelope: what Redis can be filled again from.
CREATE TABLE job_runs (
    id            text PRIMARY KEY CHECK (octet_length(id) BETWEEN 1 AND 128),
    queue         text NOT NULL,
    kind          text NOT NULL,
    tenant        text NOT NULL,
    batch_id      uuid REFERENCES batches (id) ON DELETE CASCADE,
    image_id      uuid REFERENCES images (id) ON DELETE CASCADE,
    step          text,
    -- json, not jsonb: kept byte for byte.
    envelope      json NOT NULL,
    state         text NOT NULL DEFAULT 'queued'
                  CHECK (state IN ('queued', 'running', 'done', 'dead', 'cancelled', 'parked')),
    attempt       integer NOT NULL DEFAULT 0,
    fence         bigint NOT NULL DEFAULT 0,
    result        json,
    error_code    text,
    error_message text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    enqueued_at   timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    finished_at   timestamptz
);
CREATE INDEX job_runs_unfinished ON job_runs (enqueued_at, id) WHERE state IN ('queued', 'running');
CREATE INDEX job_runs_of_batch ON job_runs (batch_id);
CREATE INDEX job_runs_of_image ON job_runs (image_id);

-- The receipt of each effect: inserted in the same transaction as what it stands for, once for each job and effect.
CREATE TABLE effects (
    job_id        text NOT NULL REFERENCES job_runs (id) ON DELETE CASCADE,
    effect        text NOT NULL,
    fence         bigint NOT NULL,
    attempt       integer NOT NULL,
    input_sha256  text,
    output_sha256 text[] NOT NULL DEFAULT '{}',
    engine        jsonb NOT NULL DEFAULT '{}',
    follow_ups    text[] NOT NULL DEFAULT '{}',
    at            timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job_id, effect)
);

CREATE TABLE idempotency_keys (
    tenant       text NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    key          text NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 255),
    batch_id     uuid NOT NULL REFERENCES batches (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    request_hash bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, key)
);

-- Each tick of a schedule fires once, however many schedulers run.
CREATE TABLE schedule_ticks (
    recipe   text NOT NULL,
    tick     timestamptz NOT NULL,
    fired_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (recipe, tick)
);

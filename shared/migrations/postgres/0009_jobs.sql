-- Jobs: long operations over many credentials, with a result for each item.

CREATE TABLE {jobs} (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind            TEXT COLLATE "C" NOT NULL,
    action          TEXT COLLATE "C" NOT NULL,
    state           TEXT COLLATE "C" NOT NULL,
    -- JSON. Never a secret: what is one stands in `sealed`.
    spec            TEXT COLLATE "C" NOT NULL,
    sealed          BYTEA,
    -- Who asked for it, as in `audit`.
    actor_kind      TEXT COLLATE "C" NOT NULL,
    actor           TEXT COLLATE "C" NOT NULL,
    address         TEXT COLLATE "C",
    request_id      TEXT COLLATE "C",
    -- The client's; of one actor and key there is one job.
    idempotency_key TEXT COLLATE "C",
    -- Of the request, sealed: it may have had secrets in it.
    request_hash    BYTEA,
    retry_of        TEXT COLLATE "C",
    -- `NULL` until all items are known.
    total           BIGINT,
    -- How many items are in each state, written with them.
    running         BIGINT NOT NULL,
    done            BIGINT NOT NULL,
    failed          BIGINT NOT NULL,
    skipped         BIGINT NOT NULL,
    cancelled       BIGINT NOT NULL,
    -- Where it goes on; each kind has its own words for it.
    progress        TEXT COLLATE "C",
    code            TEXT COLLATE "C",
    detail          TEXT COLLATE "C",
    -- The process that carries it on, and a number that this process keeps raising.
    runner          TEXT COLLATE "C",
    beat            BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    started_at      BIGINT,
    finished_at     BIGINT,
    updated_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX {jobs}_key ON {jobs} (actor_kind, actor, idempotency_key);
CREATE INDEX {jobs}_state ON {jobs} (state, id);
CREATE INDEX {jobs}_ended ON {jobs} (finished_at, id);

CREATE TABLE {job_items} (
    job_id        TEXT COLLATE "C" NOT NULL,
    position      BIGINT NOT NULL,
    state         TEXT COLLATE "C" NOT NULL,
    -- Where it stood in a file, and in which one of several.
    line          BIGINT,
    source        TEXT COLLATE "C",
    credential_id TEXT COLLATE "C",
    -- How people know it: a `biz_id`.
    label         TEXT COLLATE "C",
    code          TEXT COLLATE "C",
    detail        TEXT COLLATE "C",
    attempt_id    TEXT COLLATE "C",
    -- Sealed: what a repetition needs.
    payload       BYTEA,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (job_id, position)
);
CREATE INDEX {job_items}_state ON {job_items} (job_id, state, position);

-- What has been read from a file and not been taken in yet.
CREATE TABLE {job_parts} (
    job_id  TEXT COLLATE "C" NOT NULL,
    part    BIGINT NOT NULL,
    items   BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    PRIMARY KEY (job_id, part)
);

-- Jobs: long operations over many credentials, with a result for each item.

CREATE TABLE {jobs} (
    id              TEXT    NOT NULL PRIMARY KEY,
    kind            TEXT    NOT NULL,
    action          TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    -- JSON. Never a secret: what is one stands in `sealed`.
    spec            TEXT    NOT NULL,
    sealed          BLOB,
    -- Who asked for it, as in `audit`.
    actor_kind      TEXT    NOT NULL,
    actor           TEXT    NOT NULL,
    address         TEXT,
    request_id      TEXT,
    -- The client's; of one actor and key there is one job.
    idempotency_key TEXT,
    -- Of the request, sealed: it may have had secrets in it.
    request_hash    BLOB,
    retry_of        TEXT,
    -- `NULL` until all items are known.
    total           INTEGER,
    -- How many items are in each state, written with them.
    running         INTEGER NOT NULL,
    done            INTEGER NOT NULL,
    failed          INTEGER NOT NULL,
    skipped         INTEGER NOT NULL,
    cancelled       INTEGER NOT NULL,
    -- Where it goes on; each kind has its own words for it.
    progress        TEXT,
    code            TEXT,
    detail          TEXT,
    -- The process that carries it on, and a number that this process keeps raising.
    runner          TEXT,
    beat            INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    started_at      INTEGER,
    finished_at     INTEGER,
    updated_at      INTEGER NOT NULL
);
CREATE UNIQUE INDEX {jobs}_key ON {jobs} (actor_kind, actor, idempotency_key);
CREATE INDEX {jobs}_state ON {jobs} (state, id);
CREATE INDEX {jobs}_ended ON {jobs} (finished_at, id);

CREATE TABLE {job_items} (
    job_id        TEXT    NOT NULL,
    position      INTEGER NOT NULL,
    state         TEXT    NOT NULL,
    -- Where it stood in a file, and in which one of several.
    line          INTEGER,
    source        TEXT,
    credential_id TEXT,
    -- How people know it: a `biz_id`.
    label         TEXT,
    code          TEXT,
    detail        TEXT,
    attempt_id    TEXT,
    -- Sealed: what a repetition needs.
    payload       BLOB,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (job_id, position)
);
CREATE INDEX {job_items}_state ON {job_items} (job_id, state, position);

-- What has been read from a file and not been taken in yet.
CREATE TABLE {job_parts} (
    job_id  TEXT    NOT NULL,
    part    INTEGER NOT NULL,
    items   INTEGER NOT NULL,
    payload BLOB    NOT NULL,
    PRIMARY KEY (job_id, part)
);

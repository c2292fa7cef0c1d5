-- Everything that the main job needs. {name} stands for the table's name with the configured prefix.
-- Ids are ULIDs as text, times are milliseconds since the epoch, sealed values are bytes.

CREATE TABLE {credentials} (
    id          TEXT    NOT NULL PRIMARY KEY,
    biz_id      TEXT    NOT NULL,
    email       TEXT,
    name        TEXT,
    account_id  TEXT,
    user_id     TEXT,
    plan        TEXT,
    client_id   TEXT    NOT NULL,
    proxy       BLOB,
    egress      TEXT    NOT NULL,
    egress_label TEXT   NOT NULL,
    tag         TEXT    NOT NULL,
    memo        TEXT    NOT NULL,
    enabled     INTEGER NOT NULL,
    -- '' while the credential exists, its own id after deletion: frees the biz_id, on every database alike.
    tombstone   TEXT    NOT NULL,
    deleted_at  INTEGER,
    revision    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
);
CREATE UNIQUE INDEX {credentials}_biz_id ON {credentials} (biz_id, tombstone);
CREATE INDEX {credentials}_email ON {credentials} (email);

CREATE TABLE {grants} (
    credential_id   TEXT    NOT NULL PRIMARY KEY,
    state           TEXT    NOT NULL,
    held_reason     TEXT,
    attempt_id      TEXT,
    rt_fp           TEXT    NOT NULL,
    doubt_since     INTEGER,
    probes          INTEGER NOT NULL,
    failures        INTEGER NOT NULL,
    last_code       TEXT,
    next_refresh_at INTEGER,
    refreshed_at    INTEGER,
    at_issued_at    INTEGER,
    at_expires_at   INTEGER,
    rt              BLOB    NOT NULL,
    access_token    BLOB
);
-- What is due is found by this index alone.
CREATE INDEX {grants}_due ON {grants} (next_refresh_at, credential_id);
-- Not unique: a commit of new tokens must never fail on an index.
CREATE INDEX {grants}_rt_fp ON {grants} (rt_fp);

CREATE TABLE {attempts} (
    id            TEXT    NOT NULL PRIMARY KEY,
    credential_id TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    lane          TEXT    NOT NULL,
    cause         TEXT    NOT NULL,
    probe         INTEGER NOT NULL,
    egress        TEXT    NOT NULL,
    rt_fp         TEXT    NOT NULL,
    request_id    TEXT,
    requested_at  INTEGER NOT NULL,
    pushed_at     INTEGER,
    claimed_at    INTEGER,
    finished_at   INTEGER,
    worker        TEXT,
    outcome       TEXT,
    code          TEXT,
    -- What people should know besides the code, e.g. which earlier attempt lost the successor.
    detail        TEXT,
    http_status   INTEGER,
    duration_ms   INTEGER
);
CREATE INDEX {attempts}_open ON {attempts} (state, lane, id);
CREATE INDEX {attempts}_credential ON {attempts} (credential_id, id);
CREATE INDEX {attempts}_rt_fp ON {attempts} (rt_fp, id);

-- Never pruned, and outlives the credential: an old file cannot kill an account.
CREATE TABLE {spent} (
    rt_fp         TEXT    NOT NULL PRIMARY KEY,
    credential_id TEXT    NOT NULL,
    attempt_id    TEXT    NOT NULL,
    spent_at      INTEGER NOT NULL
);

-- Answers that could not be applied, sealed: nothing that the upstream gave us is thrown away.
CREATE TABLE {orphans} (
    attempt_id    TEXT    NOT NULL PRIMARY KEY,
    credential_id TEXT    NOT NULL,
    rt_fp         TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    answer        BLOB    NOT NULL,
    created_at    INTEGER NOT NULL
);
CREATE INDEX {orphans}_rt_fp ON {orphans} (rt_fp);

CREATE TABLE {workers} (
    boot_id      TEXT    NOT NULL PRIMARY KEY,
    host         TEXT    NOT NULL,
    version      TEXT    NOT NULL,
    started_at   INTEGER NOT NULL,
    heartbeat_at INTEGER NOT NULL,
    in_flight    INTEGER NOT NULL,
    stopped_at   INTEGER
);

CREATE TABLE {leases} (
    name   TEXT    NOT NULL PRIMARY KEY,
    holder TEXT    NOT NULL,
    beat   INTEGER NOT NULL
);

-- Egresses that have to wait: Retry-After, or an open circuit.
CREATE TABLE {egresses} (
    egress     TEXT    NOT NULL PRIMARY KEY,
    label      TEXT    NOT NULL,
    hold_until INTEGER NOT NULL,
    reason     TEXT    NOT NULL
);

-- Switches that all processes follow, e.g. `paused` and `halted`; absent means off.
CREATE TABLE {switches} (
    name       TEXT    NOT NULL PRIMARY KEY,
    reason     TEXT    NOT NULL,
    set_at     INTEGER NOT NULL
);

-- Sealed values of the installation itself, e.g. the session-signing secret that replicas agree on.
CREATE TABLE {system_secrets} (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
);

-- Sealing keys that this database's values need, each with a value that proves it.
CREATE TABLE {vault_keys} (
    key_id      TEXT    NOT NULL PRIMARY KEY,
    check_value BLOB    NOT NULL,
    created_at  INTEGER NOT NULL
);

CREATE TABLE {admins} (
    username      TEXT    NOT NULL PRIMARY KEY,
    password_hash TEXT    NOT NULL,
    -- Raised with each change of the password; sessions of an older one are over.
    epoch         INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
);

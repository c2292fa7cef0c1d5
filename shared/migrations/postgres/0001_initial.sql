-- Everything that the main job needs. {name} stands for the table's name with the configured prefix.
-- Ids are ULIDs as text, times are milliseconds since the epoch, sealed values are bytes. The collation "C" compares
-- and orders byte by byte, whatever the database's own locale is.

CREATE TABLE {credentials} (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    biz_id       TEXT COLLATE "C" NOT NULL,
    email        TEXT COLLATE "C",
    name         TEXT COLLATE "C",
    account_id   TEXT COLLATE "C",
    user_id      TEXT COLLATE "C",
    plan         TEXT COLLATE "C",
    client_id    TEXT COLLATE "C" NOT NULL,
    proxy        BYTEA,
    egress       TEXT COLLATE "C" NOT NULL,
    egress_label TEXT COLLATE "C" NOT NULL,
    tag          TEXT COLLATE "C" NOT NULL,
    memo         TEXT COLLATE "C" NOT NULL,
    enabled      BIGINT           NOT NULL,
    -- '' while the credential exists, its own id after deletion: frees the biz_id, on every database alike.
    tombstone    TEXT COLLATE "C" NOT NULL,
    deleted_at   BIGINT,
    revision     BIGINT           NOT NULL,
    created_at   BIGINT           NOT NULL,
    updated_at   BIGINT           NOT NULL
);
CREATE UNIQUE INDEX {credentials}_biz_id ON {credentials} (biz_id, tombstone);
CREATE INDEX {credentials}_email ON {credentials} (email);

CREATE TABLE {grants} (
    credential_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    state           TEXT COLLATE "C" NOT NULL,
    held_reason     TEXT COLLATE "C",
    attempt_id      TEXT COLLATE "C",
    rt_fp           TEXT COLLATE "C" NOT NULL,
    doubt_since     BIGINT,
    probes          BIGINT           NOT NULL,
    failures        BIGINT           NOT NULL,
    last_code       TEXT COLLATE "C",
    next_refresh_at BIGINT,
    refreshed_at    BIGINT,
    at_issued_at    BIGINT,
    at_expires_at   BIGINT,
    rt              BYTEA            NOT NULL,
    access_token    BYTEA
);
-- What is due is found by this index alone.
CREATE INDEX {grants}_due ON {grants} (next_refresh_at, credential_id);
-- Not unique: a commit of new tokens must never fail on an index.
CREATE INDEX {grants}_rt_fp ON {grants} (rt_fp);

CREATE TABLE {attempts} (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    credential_id TEXT COLLATE "C" NOT NULL,
    state         TEXT COLLATE "C" NOT NULL,
    lane          TEXT COLLATE "C" NOT NULL,
    cause         TEXT COLLATE "C" NOT NULL,
    probe         BIGINT           NOT NULL,
    egress        TEXT COLLATE "C" NOT NULL,
    rt_fp         TEXT COLLATE "C" NOT NULL,
    request_id    TEXT COLLATE "C",
    requested_at  BIGINT           NOT NULL,
    pushed_at     BIGINT,
    claimed_at    BIGINT,
    finished_at   BIGINT,
    worker        TEXT COLLATE "C",
    outcome       TEXT COLLATE "C",
    code          TEXT COLLATE "C",
    -- What people should know besides the code, e.g. which earlier attempt lost the successor.
    detail        TEXT COLLATE "C",
    http_status   BIGINT,
    duration_ms   BIGINT
);
CREATE INDEX {attempts}_open ON {attempts} (state, lane, id);
CREATE INDEX {attempts}_credential ON {attempts} (credential_id, id);
CREATE INDEX {attempts}_rt_fp ON {attempts} (rt_fp, id);

-- Never pruned, and outlives the credential: an old file cannot kill an account.
CREATE TABLE {spent} (
    rt_fp         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    credential_id TEXT COLLATE "C" NOT NULL,
    attempt_id    TEXT COLLATE "C" NOT NULL,
    spent_at      BIGINT           NOT NULL
);

-- Answers that could not be applied, sealed: nothing that the upstream gave us is thrown away.
CREATE TABLE {orphans} (
    attempt_id    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    credential_id TEXT COLLATE "C" NOT NULL,
    rt_fp         TEXT COLLATE "C" NOT NULL,
    reason        TEXT COLLATE "C" NOT NULL,
    answer        BYTEA            NOT NULL,
    created_at    BIGINT           NOT NULL
);
CREATE INDEX {orphans}_rt_fp ON {orphans} (rt_fp);

CREATE TABLE {workers} (
    boot_id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    host         TEXT COLLATE "C" NOT NULL,
    version      TEXT COLLATE "C" NOT NULL,
    started_at   BIGINT           NOT NULL,
    heartbeat_at BIGINT           NOT NULL,
    in_flight    BIGINT           NOT NULL,
    stopped_at   BIGINT
);

CREATE TABLE {leases} (
    name   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holder TEXT COLLATE "C" NOT NULL,
    beat   BIGINT           NOT NULL
);

-- Egresses that have to wait: Retry-After, or an open circuit.
CREATE TABLE {egresses} (
    egress     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    label      TEXT COLLATE "C" NOT NULL,
    hold_until BIGINT           NOT NULL,
    reason     TEXT COLLATE "C" NOT NULL
);

-- Switches that all processes follow, e.g. `paused` and `halted`; absent means off.
CREATE TABLE {switches} (
    name   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    reason TEXT COLLATE "C" NOT NULL,
    set_at BIGINT           NOT NULL
);

-- Sealed values of the installation itself, e.g. the session-signing secret that replicas agree on.
CREATE TABLE {system_secrets} (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value BYTEA            NOT NULL
);

-- Sealing keys that this database's values need, each with a value that proves it.
CREATE TABLE {vault_keys} (
    key_id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    check_value BYTEA            NOT NULL,
    created_at  BIGINT           NOT NULL
);

CREATE TABLE {admins} (
    username      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    password_hash TEXT COLLATE "C" NOT NULL,
    -- Raised with each change of the password; sessions of an older one are over.
    epoch         BIGINT           NOT NULL,
    updated_at    BIGINT           NOT NULL
);

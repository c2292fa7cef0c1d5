-- Several people with roles, sessions that can end one by one, and who did what.

-- Takes the place of `admins`, which earlier programs read; nothing writes it any more.
CREATE TABLE {users} (
    username      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    role          TEXT COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C" NOT NULL,
    -- Raised with each change of password, role or `enabled`; sessions of an older one are over.
    epoch         BIGINT NOT NULL,
    enabled       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
INSERT INTO {users} (username, role, password_hash, epoch, enabled, created_at, updated_at)
    SELECT username, 'administrator', password_hash, epoch, 1, updated_at, updated_at FROM {admins};

-- A session is good for as long as its row is there.
CREATE TABLE {sessions} (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    username   TEXT COLLATE "C" NOT NULL,
    address    TEXT COLLATE "C" NOT NULL,
    user_agent TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX {sessions}_username ON {sessions} (username, id);
CREATE INDEX {sessions}_expires ON {sessions} (expires_at);

-- Written in the transaction of what it tells of; never changed, and removed by age only.
CREATE TABLE {audit} (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at          BIGINT NOT NULL,
    actor_kind  TEXT COLLATE "C" NOT NULL,
    actor       TEXT COLLATE "C" NOT NULL,
    address     TEXT COLLATE "C",
    request_id  TEXT COLLATE "C",
    action      TEXT COLLATE "C" NOT NULL,
    target_kind TEXT COLLATE "C",
    target      TEXT COLLATE "C",
    -- What more there is to know, as JSON; never a secret.
    detail      TEXT COLLATE "C" NOT NULL
);
CREATE INDEX {audit}_action ON {audit} (action, id);
CREATE INDEX {audit}_actor ON {audit} (actor, id);
CREATE INDEX {audit}_target ON {audit} (target, id);

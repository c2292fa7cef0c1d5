-- Several people with roles, sessions that can end one by one, and who did what.

-- Takes the place of `admins`, which earlier programs read; nothing writes it any more.
CREATE TABLE {users} (
    username      TEXT    NOT NULL PRIMARY KEY,
    role          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    -- Raised with each change of password, role or `enabled`; sessions of an older one are over.
    epoch         INTEGER NOT NULL,
    enabled       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
);
INSERT INTO {users} (username, role, password_hash, epoch, enabled, created_at, updated_at)
    SELECT username, 'administrator', password_hash, epoch, 1, updated_at, updated_at FROM {admins};

-- A session is good for as long as its row is there.
CREATE TABLE {sessions} (
    id         TEXT    NOT NULL PRIMARY KEY,
    username   TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    user_agent TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX {sessions}_username ON {sessions} (username, id);
CREATE INDEX {sessions}_expires ON {sessions} (expires_at);

-- Written in the transaction of what it tells of; never changed, and removed by age only.
CREATE TABLE {audit} (
    id          TEXT    NOT NULL PRIMARY KEY,
    at          INTEGER NOT NULL,
    actor_kind  TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    address     TEXT,
    request_id  TEXT,
    action      TEXT    NOT NULL,
    target_kind TEXT,
    target      TEXT,
    -- What more there is to know, as JSON; never a secret.
    detail      TEXT    NOT NULL
);
CREATE INDEX {audit}_action ON {audit} (action, id);
CREATE INDEX {audit}_actor ON {audit} (actor, id);
CREATE INDEX {audit}_target ON {audit} (target, id);

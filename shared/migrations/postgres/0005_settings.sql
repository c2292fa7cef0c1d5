-- What the console sets while everything runs: settings, proxies, and names of client ids.

-- Each row is a version of the document; the newest counts, the others are its history.
CREATE TABLE {settings} (
    version  BIGINT NOT NULL PRIMARY KEY,
    -- Keys and their values, as JSON.
    document TEXT COLLATE "C" NOT NULL,
    -- What this version changed, as JSON: by key, what it was and what it became.
    changes  TEXT COLLATE "C" NOT NULL,
    saved_by TEXT COLLATE "C" NOT NULL,
    saved_at BIGINT NOT NULL
);

CREATE TABLE {proxies} (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name         TEXT COLLATE "C" NOT NULL,
    -- Sealed.
    url          BYTEA NOT NULL,
    egress       TEXT COLLATE "C" NOT NULL,
    egress_label TEXT COLLATE "C" NOT NULL,
    revision     BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX {proxies}_name ON {proxies} (name);

CREATE TABLE {client_ids} (
    client_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Numbers that are raised in the transaction of each change: one look tells a process whether it is up to date.
CREATE TABLE {revisions} (
    name     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL
);
INSERT INTO {revisions} (name, revision) VALUES ('settings', 0), ('proxies', 0);

-- Which of the named proxies a credential uses.
ALTER TABLE {credentials} ADD COLUMN proxy_id TEXT COLLATE "C";
CREATE INDEX {credentials}_uses_proxy ON {credentials} (proxy_id, tombstone);

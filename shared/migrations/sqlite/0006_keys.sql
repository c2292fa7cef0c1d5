-- API keys, and how often tokens were handed out to whom.

CREATE TABLE {api_keys} (
    id                    TEXT    NOT NULL PRIMARY KEY,
    name                  TEXT    NOT NULL,
    -- How the secret begins, for people.
    prefix                TEXT    NOT NULL,
    -- SHA-256 of the secret, in hex; the secret itself is nowhere.
    hash                  TEXT    NOT NULL,
    -- Names, separated by commas.
    scopes                TEXT    NOT NULL,
    -- Which credentials: `all`, or a JSON list of what the kind says.
    reach_kind            TEXT    NOT NULL,
    reach                 TEXT    NOT NULL,
    rate_limit_per_minute INTEGER,
    enabled               INTEGER NOT NULL,
    expires_at            INTEGER,
    revoked_at            INTEGER,
    last_used_at          INTEGER,
    created_by            TEXT    NOT NULL,
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL,
    revision              INTEGER NOT NULL
);
CREATE UNIQUE INDEX {api_keys}_hash ON {api_keys} (hash);

CREATE TABLE {handouts} (
    credential_id TEXT    NOT NULL,
    -- An id of `api_keys`, or `configured`.
    key_id        TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    count         INTEGER NOT NULL,
    first_at      INTEGER NOT NULL,
    last_at       INTEGER NOT NULL,
    PRIMARY KEY (credential_id, key_id, kind)
);
CREATE INDEX {handouts}_key ON {handouts} (key_id, credential_id, kind);

-- API keys, and how often tokens were handed out to whom.

CREATE TABLE {api_keys} (
    id                    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name                  TEXT COLLATE "C" NOT NULL,
    -- How the secret begins, for people.
    prefix                TEXT COLLATE "C" NOT NULL,
    -- SHA-256 of the secret, in hex; the secret itself is nowhere.
    hash                  TEXT COLLATE "C" NOT NULL,
    -- Names, separated by commas.
    scopes                TEXT COLLATE "C" NOT NULL,
    -- Which credentials: `all`, or a JSON list of what the kind says.
    reach_kind            TEXT COLLATE "C" NOT NULL,
    reach                 TEXT COLLATE "C" NOT NULL,
    rate_limit_per_minute BIGINT,
    enabled               BIGINT NOT NULL,
    expires_at            BIGINT,
    revoked_at            BIGINT,
    last_used_at          BIGINT,
    created_by            TEXT COLLATE "C" NOT NULL,
    created_at            BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL,
    revision              BIGINT NOT NULL
);
CREATE UNIQUE INDEX {api_keys}_hash ON {api_keys} (hash);

CREATE TABLE {handouts} (
    credential_id TEXT COLLATE "C" NOT NULL,
    -- An id of `api_keys`, or `configured`.
    key_id        TEXT COLLATE "C" NOT NULL,
    kind          TEXT COLLATE "C" NOT NULL,
    count         BIGINT NOT NULL,
    first_at      BIGINT NOT NULL,
    last_at       BIGINT NOT NULL,
    PRIMARY KEY (credential_id, key_id, kind)
);
CREATE INDEX {handouts}_key ON {handouts} (key_id, credential_id, kind);

-- API keys, and how often tokens were handed out to whom.
-- A migration must be repeatable here.

CREATE TABLE IF NOT EXISTS {api_keys} (
    id                    VARCHAR(26)  NOT NULL PRIMARY KEY,
    name                  VARCHAR(255) NOT NULL,
    -- How the secret begins, for people.
    prefix                VARCHAR(32)  NOT NULL,
    -- SHA-256 of the secret, in hex; the secret itself is nowhere.
    hash                  VARCHAR(64)  NOT NULL,
    -- Names, separated by commas.
    scopes                VARCHAR(255) NOT NULL,
    -- Which credentials: `all`, or a JSON list of what the kind says.
    reach_kind            VARCHAR(16)  NOT NULL,
    reach                 MEDIUMTEXT   NOT NULL,
    rate_limit_per_minute BIGINT,
    enabled               BIGINT       NOT NULL,
    expires_at            BIGINT,
    revoked_at            BIGINT,
    last_used_at          BIGINT,
    created_by            VARCHAR(255) NOT NULL,
    created_at            BIGINT       NOT NULL,
    updated_at            BIGINT       NOT NULL,
    revision              BIGINT       NOT NULL,
    UNIQUE INDEX {api_keys}_hash (hash)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS {handouts} (
    credential_id VARCHAR(26) NOT NULL,
    -- An id of `api_keys`, or `configured`.
    key_id        VARCHAR(26) NOT NULL,
    kind          VARCHAR(16) NOT NULL,
    count         BIGINT      NOT NULL,
    first_at      BIGINT      NOT NULL,
    last_at       BIGINT      NOT NULL,
    PRIMARY KEY (credential_id, key_id, kind),
    INDEX {handouts}_key (key_id, credential_id, kind)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

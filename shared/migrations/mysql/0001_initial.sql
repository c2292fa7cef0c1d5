-- Everything that the main job needs. {name} stands for the table's name with the configured prefix.
-- Ids are ULIDs as text, times are milliseconds since the epoch, sealed values are bytes.
--
-- MySQL commits each CREATE TABLE by itself: a start that is cut off in the middle is completed by the next one, so every
-- statement must bear to be repeated, and indexes belong to their table.
--
-- Texts are compared byte by byte, trailing spaces included. The collations that do so have different names: /*M! */ is
-- read by MariaDB alone, /*!50701 */ by MySQL alone: MariaDB skips comments for the versions 50700 to 50999.

CREATE TABLE IF NOT EXISTS {credentials} (
    id           VARCHAR(26)  NOT NULL PRIMARY KEY,
    biz_id       VARCHAR(255) NOT NULL,
    email        VARCHAR(512),
    name         VARCHAR(512),
    account_id   VARCHAR(512),
    user_id      VARCHAR(512),
    plan         VARCHAR(512),
    client_id    VARCHAR(255) NOT NULL,
    proxy        MEDIUMBLOB,
    egress       VARCHAR(64)  NOT NULL,
    egress_label TEXT         NOT NULL,
    tag          VARCHAR(255) NOT NULL,
    memo         TEXT         NOT NULL,
    enabled      BIGINT       NOT NULL,
    -- '' while the credential exists, its own id after deletion: frees the biz_id, on every database alike.
    tombstone    VARCHAR(26)  NOT NULL,
    deleted_at   BIGINT,
    revision     BIGINT       NOT NULL,
    created_at   BIGINT       NOT NULL,
    updated_at   BIGINT       NOT NULL,
    UNIQUE INDEX {credentials}_biz_id (biz_id, tombstone),
    INDEX {credentials}_email (email)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS {grants} (
    credential_id   VARCHAR(26) NOT NULL PRIMARY KEY,
    state           VARCHAR(16) NOT NULL,
    held_reason     VARCHAR(64),
    attempt_id      VARCHAR(26),
    rt_fp           VARCHAR(64) NOT NULL,
    doubt_since     BIGINT,
    probes          BIGINT      NOT NULL,
    failures        BIGINT      NOT NULL,
    last_code       VARCHAR(64),
    next_refresh_at BIGINT,
    refreshed_at    BIGINT,
    at_issued_at    BIGINT,
    at_expires_at   BIGINT,
    rt              MEDIUMBLOB  NOT NULL,
    access_token    MEDIUMBLOB,
    -- What is due is found by this index alone.
    INDEX {grants}_due (next_refresh_at, credential_id),
    -- Not unique: a commit of new tokens must never fail on an index.
    INDEX {grants}_rt_fp (rt_fp)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS {attempts} (
    id            VARCHAR(26) NOT NULL PRIMARY KEY,
    credential_id VARCHAR(26) NOT NULL,
    state         VARCHAR(16) NOT NULL,
    lane          VARCHAR(16) NOT NULL,
    cause         VARCHAR(32) NOT NULL,
    probe         BIGINT      NOT NULL,
    egress        VARCHAR(64) NOT NULL,
    rt_fp         VARCHAR(64) NOT NULL,
    request_id    VARCHAR(255),
    requested_at  BIGINT      NOT NULL,
    pushed_at     BIGINT,
    claimed_at    BIGINT,
    finished_at   BIGINT,
    worker        VARCHAR(26),
    outcome       VARCHAR(32),
    code          VARCHAR(64),
    -- What people should know besides the code, e.g. which earlier attempt lost the successor.
    detail        TEXT,
    http_status   BIGINT,
    duration_ms   BIGINT,
    INDEX {attempts}_open (state, lane, id),
    INDEX {attempts}_credential (credential_id, id),
    INDEX {attempts}_rt_fp (rt_fp, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

-- Never pruned, and outlives the credential: an old file cannot kill an account.
CREATE TABLE IF NOT EXISTS {spent} (
    rt_fp         VARCHAR(64) NOT NULL PRIMARY KEY,
    credential_id VARCHAR(26) NOT NULL,
    attempt_id    VARCHAR(26) NOT NULL,
    spent_at      BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

-- Answers that could not be applied, sealed: nothing that the upstream gave us is thrown away.
CREATE TABLE IF NOT EXISTS {orphans} (
    attempt_id    VARCHAR(26) NOT NULL PRIMARY KEY,
    credential_id VARCHAR(26) NOT NULL,
    rt_fp         VARCHAR(64) NOT NULL,
    reason        TEXT        NOT NULL,
    answer        MEDIUMBLOB  NOT NULL,
    created_at    BIGINT      NOT NULL,
    INDEX {orphans}_rt_fp (rt_fp)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS {workers} (
    boot_id      VARCHAR(26)  NOT NULL PRIMARY KEY,
    host         VARCHAR(255) NOT NULL,
    version      VARCHAR(64)  NOT NULL,
    started_at   BIGINT       NOT NULL,
    heartbeat_at BIGINT       NOT NULL,
    in_flight    BIGINT       NOT NULL,
    stopped_at   BIGINT
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS {leases} (
    name   VARCHAR(64) NOT NULL PRIMARY KEY,
    holder VARCHAR(26) NOT NULL,
    beat   BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

-- Egresses that have to wait: Retry-After, or an open circuit.
CREATE TABLE IF NOT EXISTS {egresses} (
    egress     VARCHAR(64) NOT NULL PRIMARY KEY,
    label      TEXT        NOT NULL,
    hold_until BIGINT      NOT NULL,
    reason     TEXT        NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

-- Switches that all processes follow, e.g. `paused` and `halted`; absent means off.
CREATE TABLE IF NOT EXISTS {switches} (
    name   VARCHAR(64) NOT NULL PRIMARY KEY,
    reason TEXT        NOT NULL,
    set_at BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

-- Sealed values of the installation itself, e.g. the session-signing secret that replicas agree on.
CREATE TABLE IF NOT EXISTS {system_secrets} (
    name  VARCHAR(64) NOT NULL PRIMARY KEY,
    value MEDIUMBLOB  NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

-- Sealing keys that this database's values need, each with a value that proves it.
CREATE TABLE IF NOT EXISTS {vault_keys} (
    key_id      VARCHAR(255) NOT NULL PRIMARY KEY,
    check_value MEDIUMBLOB   NOT NULL,
    created_at  BIGINT       NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS {admins} (
    username      VARCHAR(255) NOT NULL PRIMARY KEY,
    password_hash TEXT         NOT NULL,
    -- Raised with each change of the password; sessions of an older one are over.
    epoch         BIGINT       NOT NULL,
    updated_at    BIGINT       NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

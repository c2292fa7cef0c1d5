-- Jobs: long operations over many credentials, with a result for each item.
-- A migration must be repeatable here.

CREATE TABLE IF NOT EXISTS {jobs} (
    id              VARCHAR(26)  NOT NULL PRIMARY KEY,
    kind            VARCHAR(16)  NOT NULL,
    action          VARCHAR(32)  NOT NULL,
    state           VARCHAR(16)  NOT NULL,
    -- JSON. Never a secret: what is one stands in `sealed`.
    spec            MEDIUMTEXT   NOT NULL,
    sealed          MEDIUMBLOB,
    -- Who asked for it, as in `audit`.
    actor_kind      VARCHAR(16)  NOT NULL,
    actor           VARCHAR(255) NOT NULL,
    address         VARCHAR(64),
    request_id      VARCHAR(64),
    -- The client's; of one actor and key there is one job.
    idempotency_key VARCHAR(255),
    -- Of the request, sealed: it may have had secrets in it.
    request_hash    BLOB,
    retry_of        VARCHAR(26),
    -- `NULL` until all items are known.
    total           BIGINT,
    -- How many items are in each state, written with them.
    running         BIGINT       NOT NULL,
    done            BIGINT       NOT NULL,
    failed          BIGINT       NOT NULL,
    skipped         BIGINT       NOT NULL,
    cancelled       BIGINT       NOT NULL,
    -- Where it goes on; each kind has its own words for it.
    progress        MEDIUMTEXT,
    code            VARCHAR(64),
    detail          TEXT,
    -- The process that carries it on, and a number that this process keeps raising.
    runner          VARCHAR(26),
    beat            BIGINT       NOT NULL,
    created_at      BIGINT       NOT NULL,
    started_at      BIGINT,
    finished_at     BIGINT,
    updated_at      BIGINT       NOT NULL,
    UNIQUE INDEX {jobs}_key (actor_kind, actor, idempotency_key),
    INDEX {jobs}_state (state, id),
    INDEX {jobs}_ended (finished_at, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS {job_items} (
    job_id        VARCHAR(26) NOT NULL,
    position      BIGINT      NOT NULL,
    state         VARCHAR(16) NOT NULL,
    -- Where it stood in a file, and in which one of several.
    line          BIGINT,
    source        TEXT,
    credential_id VARCHAR(26),
    -- How people know it: a `biz_id`.
    label         VARCHAR(255),
    code          VARCHAR(64),
    detail        TEXT,
    attempt_id    VARCHAR(26),
    -- Sealed: what a repetition needs.
    payload       MEDIUMBLOB,
    updated_at    BIGINT      NOT NULL,
    PRIMARY KEY (job_id, position),
    INDEX {job_items}_state (job_id, state, position)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

-- What has been read from a file and not been taken in yet.
CREATE TABLE IF NOT EXISTS {job_parts} (
    job_id  VARCHAR(26) NOT NULL,
    part    BIGINT      NOT NULL,
    items   BIGINT      NOT NULL,
    payload LONGBLOB    NOT NULL,
    PRIMARY KEY (job_id, part)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

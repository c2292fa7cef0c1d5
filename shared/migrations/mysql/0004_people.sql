-- Several people with roles, sessions that can end one by one, and who did what.
-- A migration must be repeatable here.

-- Takes the place of `admins`, which earlier programs read; nothing writes it any more.
CREATE TABLE IF NOT EXISTS {users} (
    username      VARCHAR(255) NOT NULL PRIMARY KEY,
    role          VARCHAR(32)  NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    -- Raised with each change of password, role or `enabled`; sessions of an older one are over.
    epoch         BIGINT       NOT NULL,
    enabled       BIGINT       NOT NULL,
    created_at    BIGINT       NOT NULL,
    updated_at    BIGINT       NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;
INSERT INTO {users} (username, role, password_hash, epoch, enabled, created_at, updated_at)
    SELECT a.username, 'administrator', a.password_hash, a.epoch, 1, a.updated_at, a.updated_at FROM {admins} a
    WHERE NOT EXISTS (SELECT 1 FROM {users} u WHERE u.username = a.username);

-- A session is good for as long as its row is there.
CREATE TABLE IF NOT EXISTS {sessions} (
    id         VARCHAR(26)  NOT NULL PRIMARY KEY,
    username   VARCHAR(255) NOT NULL,
    address    VARCHAR(64)  NOT NULL,
    user_agent VARCHAR(255),
    created_at BIGINT       NOT NULL,
    expires_at BIGINT       NOT NULL,
    INDEX {sessions}_username (username, id),
    INDEX {sessions}_expires (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

-- Written in the transaction of what it tells of; never changed, and removed by age only.
CREATE TABLE IF NOT EXISTS {audit} (
    id          VARCHAR(26)  NOT NULL PRIMARY KEY,
    at          BIGINT       NOT NULL,
    actor_kind  VARCHAR(32)  NOT NULL,
    actor       VARCHAR(255) NOT NULL,
    address     VARCHAR(64),
    request_id  VARCHAR(64),
    action      VARCHAR(64)  NOT NULL,
    target_kind VARCHAR(32),
    target      VARCHAR(255),
    -- What more there is to know, as JSON; never a secret.
    detail      TEXT         NOT NULL,
    INDEX {audit}_action (action, id),
    INDEX {audit}_actor (actor, id),
    INDEX {audit}_target (target, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

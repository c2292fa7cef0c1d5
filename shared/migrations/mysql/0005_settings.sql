-- What the console sets while everything runs: settings, proxies, and names of client ids.
-- A migration must be repeatable here: the catalogue says what was done.

-- Each row is a version of the document; the newest counts, the others are its history.
CREATE TABLE IF NOT EXISTS {settings} (
    version  BIGINT NOT NULL PRIMARY KEY,
    -- Keys and their values, as JSON.
    document MEDIUMTEXT NOT NULL,
    -- What this version changed, as JSON: by key, what it was and what it became.
    changes  MEDIUMTEXT NOT NULL,
    saved_by VARCHAR(255) NOT NULL,
    saved_at BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS {proxies} (
    id           VARCHAR(26) NOT NULL PRIMARY KEY,
    name         VARCHAR(255) NOT NULL,
    -- Sealed.
    url          MEDIUMBLOB NOT NULL,
    egress       VARCHAR(64) NOT NULL,
    egress_label VARCHAR(512) NOT NULL,
    revision     BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    UNIQUE INDEX {proxies}_name (name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

CREATE TABLE IF NOT EXISTS {client_ids} (
    client_id  VARCHAR(255) NOT NULL PRIMARY KEY,
    name       VARCHAR(255) NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

-- Numbers that are raised in the transaction of each change: one look tells a process whether it is up to date.
CREATE TABLE IF NOT EXISTS {revisions} (
    name     VARCHAR(32) NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;
INSERT IGNORE INTO {revisions} (name, revision) VALUES ('settings', 0), ('proxies', 0);

-- Which of the named proxies a credential uses. One change adds both or none.
SET @change = (
    SELECT IF(COUNT(*) = 0, 'ALTER TABLE {credentials} ADD COLUMN proxy_id VARCHAR(26), ADD INDEX {credentials}_uses_proxy (proxy_id, tombstone)', 'DO 0')
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = '{credentials}' AND column_name = 'proxy_id'
);
PREPARE change_credentials FROM @change;
EXECUTE change_credentials;
DEALLOCATE PREPARE change_credentials;

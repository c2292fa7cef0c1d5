-- What a dashboard shows, at a cost that does not grow with the number of credentials; ways out that an operator has paused.
-- A migration must be repeatable here: the catalogue says what was done.

-- How attempts ended, added up by the hour: workers add to it with their heartbeats.
CREATE TABLE IF NOT EXISTS {refresh_hours} (
    starts_at   BIGINT      NOT NULL,
    outcome     VARCHAR(32) NOT NULL,
    -- '' where there is none.
    code        VARCHAR(64) NOT NULL,
    attempts    BIGINT      NOT NULL,
    duration_ms BIGINT      NOT NULL,
    PRIMARY KEY (starts_at, outcome, code)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

-- What was found out about the whole at some time, as JSON or text.
CREATE TABLE IF NOT EXISTS {snapshots} (
    name     VARCHAR(64) NOT NULL PRIMARY KEY,
    value    TEXT        NOT NULL,
    taken_at BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

-- Ways out through which nothing is called, because an operator said so. Apart from `egresses`, whose rows come and go with what
-- calls meet.
CREATE TABLE IF NOT EXISTS {egress_pauses} (
    egress VARCHAR(255) NOT NULL PRIMARY KEY,
    label  VARCHAR(512) NOT NULL,
    reason VARCHAR(255) NOT NULL,
    set_at BIGINT       NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

-- Counting is done in these alone, without the rows, which hold sealed tokens.
SET @change = (
    SELECT IF(COUNT(*) = 0, 'CREATE INDEX {grants}_forecast ON {grants} (at_expires_at, state, next_refresh_at, credential_id)', 'DO 0')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = '{grants}' AND index_name = '{grants}_forecast'
);
PREPARE change_forecast FROM @change;
EXECUTE change_forecast;
DEALLOCATE PREPARE change_forecast;
SET @change = (
    SELECT IF(COUNT(*) = 0, 'CREATE INDEX {credentials}_counted ON {credentials} (id, tombstone, enabled)', 'DO 0')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = '{credentials}' AND index_name = '{credentials}_counted'
);
PREPARE change_counted FROM @change;
EXECUTE change_counted;
DEALLOCATE PREPARE change_counted;
-- The ways out that are in use.
SET @change = (
    SELECT IF(COUNT(*) = 0, 'CREATE INDEX {credentials}_ways ON {credentials} (egress)', 'DO 0')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = '{credentials}' AND index_name = '{credentials}_ways'
);
PREPARE change_ways FROM @change;
EXECUTE change_ways;
DEALLOCATE PREPARE change_ways;
-- Deleted ones are few; `NULL` stands for all others.
SET @change = (
    SELECT IF(COUNT(*) = 0, 'CREATE INDEX {credentials}_deleted ON {credentials} (deleted_at, id)', 'DO 0')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = '{credentials}' AND index_name = '{credentials}_deleted'
);
PREPARE change_deleted FROM @change;
EXECUTE change_deleted;
DEALLOCATE PREPARE change_deleted;

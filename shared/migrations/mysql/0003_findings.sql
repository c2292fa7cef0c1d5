-- What an operator has to see: counts of rare states, answers that came another way, and what workers say of themselves.
-- A migration must be repeatable here: the catalogue says what was done.

-- Grants of a state are found, and counted up to a limit, by this index alone.
SET @change = (
    SELECT IF(COUNT(*) = 0, 'CREATE INDEX {grants}_state ON {grants} (state, credential_id)', 'DO 0')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = '{grants}' AND index_name = '{grants}_state'
);
PREPARE change_grants FROM @change;
EXECUTE change_grants;
DEALLOCATE PREPARE change_grants;

-- Answers that were replayed from a journal, or came after their attempt had been given up. A table of its own: they are
-- rare, and the attempts, which are many, need no further index.
CREATE TABLE IF NOT EXISTS {recovered} (
    attempt_id    VARCHAR(26) NOT NULL PRIMARY KEY,
    credential_id VARCHAR(26) NOT NULL,
    replayed      BIGINT      NOT NULL,
    late          BIGINT      NOT NULL,
    recorded_at   BIGINT      NOT NULL,
    INDEX {recovered}_recorded (recorded_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50701 utf8mb4_0900_bin */;

-- Written with each heartbeat. Why the worker claims nothing, why its journal takes nothing, damaged places in the journals
-- that it sees, and answers in them that it cannot read; when the halt began for which it has replayed all of them. One change adds all
-- five or none.
SET @change = (
    SELECT IF(COUNT(*) = 0, 'ALTER TABLE {workers} ADD COLUMN not_claiming VARCHAR(255), ADD COLUMN journal_failure VARCHAR(255), ADD COLUMN journal_damage BIGINT NOT NULL DEFAULT 0, ADD COLUMN journal_unreadable BIGINT NOT NULL DEFAULT 0, ADD COLUMN replayed_halt BIGINT', 'DO 0')
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = '{workers}' AND column_name = 'replayed_halt'
);
PREPARE change_workers FROM @change;
EXECUTE change_workers;
DEALLOCATE PREPARE change_workers;

-- What an operator has to see: counts of rare states, answers that came another way, and what workers say of themselves.

-- Grants of a state are found, and counted up to a limit, by this index alone.
CREATE INDEX {grants}_state ON {grants} (state, credential_id);

-- Answers that were replayed from a journal, or came after their attempt had been given up. A table of its own: they are
-- rare, and the attempts, which are many, need no further index.
CREATE TABLE {recovered} (
    attempt_id    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    credential_id TEXT COLLATE "C" NOT NULL,
    replayed      BIGINT NOT NULL,
    late          BIGINT NOT NULL,
    recorded_at   BIGINT NOT NULL
);
CREATE INDEX {recovered}_recorded ON {recovered} (recorded_at);

-- Written with each heartbeat. Why the worker claims nothing, why its journal takes nothing, damaged places in the journals
-- that it sees, and answers in them that it cannot read.
ALTER TABLE {workers} ADD COLUMN not_claiming TEXT COLLATE "C";
ALTER TABLE {workers} ADD COLUMN journal_failure TEXT COLLATE "C";
ALTER TABLE {workers} ADD COLUMN journal_damage BIGINT NOT NULL DEFAULT 0;
ALTER TABLE {workers} ADD COLUMN journal_unreadable BIGINT NOT NULL DEFAULT 0;
-- When the halt began for which the worker has replayed all journals that it sees.
ALTER TABLE {workers} ADD COLUMN replayed_halt BIGINT;

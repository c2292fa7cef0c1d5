-- What a dashboard shows, at a cost that does not grow with the number of credentials; ways out that an operator has paused.

-- How attempts ended, added up by the hour: workers add to it with their heartbeats.
CREATE TABLE {refresh_hours} (
    starts_at   INTEGER NOT NULL,
    outcome     TEXT    NOT NULL,
    -- '' where there is none.
    code        TEXT    NOT NULL,
    attempts    INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    PRIMARY KEY (starts_at, outcome, code)
);

-- What was found out about the whole at some time, as JSON or text.
CREATE TABLE {snapshots} (
    name     TEXT    NOT NULL PRIMARY KEY,
    value    TEXT    NOT NULL,
    taken_at INTEGER NOT NULL
);

-- Ways out through which nothing is called, because an operator said so. Apart from `egresses`, whose rows come and go with what
-- calls meet.
CREATE TABLE {egress_pauses} (
    egress TEXT    NOT NULL PRIMARY KEY,
    label  TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    set_at INTEGER NOT NULL
);

-- Counting is done in these alone, without the rows, which hold sealed tokens.
CREATE INDEX {grants}_forecast ON {grants} (at_expires_at, state, next_refresh_at, credential_id);
CREATE INDEX {credentials}_counted ON {credentials} (id, tombstone, enabled);
-- The ways out that are in use.
CREATE INDEX {credentials}_ways ON {credentials} (egress);
-- Deleted ones are few; `NULL` stands for all others.
CREATE INDEX {credentials}_deleted ON {credentials} (deleted_at, id);

-- Whether a grant's credential was deleted stands in the grant as well, so that lists in the order of a grant's column are read
-- off one index, without a look at the credential of each entry: that look cost ten times the page.
-- A migration must be repeatable here: the catalogue says what was done. One change adds all or none.
SET @change = (
    SELECT IF(COUNT(*) = 0, 'ALTER TABLE {grants} ADD COLUMN deleted BIGINT NOT NULL DEFAULT 0', 'DO 0')
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = '{grants}' AND column_name = 'deleted'
);
PREPARE change_grants FROM @change;
EXECUTE change_grants;
DEALLOCATE PREPARE change_grants;

UPDATE {grants} SET deleted = 1 WHERE credential_id IN (SELECT id FROM {credentials} WHERE tombstone <> '');

SET @change = (
    SELECT IF(COUNT(*) = 0, 'ALTER TABLE {grants} DROP INDEX {grants}_due, ADD INDEX {grants}_due (deleted, next_refresh_at, credential_id), DROP INDEX {grants}_state, ADD INDEX {grants}_state (deleted, state, credential_id), DROP INDEX {grants}_by_expires, ADD INDEX {grants}_by_expires (deleted, at_expires_at, credential_id), DROP INDEX {grants}_by_refreshed, ADD INDEX {grants}_by_refreshed (deleted, refreshed_at, credential_id), DROP INDEX {grants}_by_failures, ADD INDEX {grants}_by_failures (deleted, failures, credential_id)', 'DO 0')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = '{grants}' AND index_name = '{grants}_due' AND column_name = 'deleted'
);
PREPARE change_grants FROM @change;
EXECUTE change_grants;
DEALLOCATE PREPARE change_grants;

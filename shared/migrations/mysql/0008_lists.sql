-- Lists of credentials. Each column that they can be sorted by has an index that is walked in its order, so that a page costs
-- what it shows and not what is stored. Deleted rows stand apart in them (`tombstone`), however many they are.
-- A migration must be repeatable here: the catalogue says what was done. One change adds all or none.

-- The label is sorted by as well, and a text without a length cannot be indexed whole.
SET @change = (
    SELECT IF(COUNT(*) = 0, 'ALTER TABLE {credentials} MODIFY egress_label VARCHAR(512) NOT NULL, ADD INDEX {credentials}_by_id (tombstone, id), ADD INDEX {credentials}_by_biz_id (tombstone, biz_id, id), ADD INDEX {credentials}_by_email (tombstone, email, id), ADD INDEX {credentials}_by_name (tombstone, name, id), ADD INDEX {credentials}_by_tag (tombstone, tag, id), ADD INDEX {credentials}_by_plan (tombstone, plan, id), ADD INDEX {credentials}_by_enabled (tombstone, enabled, id), ADD INDEX {credentials}_by_client_id (tombstone, client_id, id), ADD INDEX {credentials}_by_egress (tombstone, egress, id), ADD INDEX {credentials}_by_label (tombstone, egress_label, id), ADD INDEX {credentials}_by_created (tombstone, created_at, id), ADD INDEX {credentials}_by_updated (tombstone, updated_at, id)', 'DO 0')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = '{credentials}' AND index_name = '{credentials}_by_id'
);
PREPARE change_lists FROM @change;
EXECUTE change_lists;
DEALLOCATE PREPARE change_lists;

-- The refresh protocol writes these three with each commit: what that costs is in docs/performance.md.
SET @change = (
    SELECT IF(COUNT(*) = 0, 'ALTER TABLE {grants} ADD INDEX {grants}_by_expires (at_expires_at, credential_id), ADD INDEX {grants}_by_refreshed (refreshed_at, credential_id), ADD INDEX {grants}_by_failures (failures, credential_id)', 'DO 0')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = '{grants}' AND index_name = '{grants}_by_expires'
);
PREPARE change_lists FROM @change;
EXECUTE change_lists;
DEALLOCATE PREPARE change_lists;

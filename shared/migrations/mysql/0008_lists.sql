-- Lists of credentials. Each column that they can be sorted by has an index that is walked in its order, so that a page costs
-- what it shows and not what is stored. Deleted rows stand apart in them (`tombstone`), however many they are.
-- A migration must be repeatable here: the catalogue says what was done. One change adds all or none.

-- The label is sorted by as well, and a text without a length cannot be indexed whole.
SET @change = (
    SELECT IF(COUNT(*) = 0, 'ALTER TABLE {credentials} MODIFY egress_label VARCHAR(512) NOT NULL, ADD INDEX {credentials}_list_id (tombstone, id), ADD INDEX {credentials}_list_biz_id (tombstone, biz_id, id), ADD INDEX {credentials}_list_email (tombstone, email, id), ADD INDEX {credentials}_list_name (tombstone, name, id), ADD INDEX {credentials}_list_tag (tombstone, tag, id), ADD INDEX {credentials}_list_plan (tombstone, plan, id), ADD INDEX {credentials}_list_enabled (tombstone, enabled, id), ADD INDEX {credentials}_list_client_id (tombstone, client_id, id), ADD INDEX {credentials}_list_egress (tombstone, egress, id), ADD INDEX {credentials}_list_egress_label (tombstone, egress_label, id), ADD INDEX {credentials}_list_created_at (tombstone, created_at, id), ADD INDEX {credentials}_list_updated_at (tombstone, updated_at, id)', 'DO 0')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = '{credentials}' AND index_name = '{credentials}_list_id'
);
PREPARE change_lists FROM @change;
EXECUTE change_lists;
DEALLOCATE PREPARE change_lists;

-- The refresh protocol writes these three with each commit: what that costs is in docs/performance.md.
SET @change = (
    SELECT IF(COUNT(*) = 0, 'ALTER TABLE {grants} ADD INDEX {grants}_list_expires (at_expires_at, credential_id), ADD INDEX {grants}_list_refreshed (refreshed_at, credential_id), ADD INDEX {grants}_list_failures (failures, credential_id)', 'DO 0')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = '{grants}' AND index_name = '{grants}_list_expires'
);
PREPARE change_lists FROM @change;
EXECUTE change_lists;
DEALLOCATE PREPARE change_lists;

-- One person's seat in a workspace is one credential: an import looks up whether it is there.
-- A migration must be repeatable here: the catalogue says what was done. An index has room for the beginning of long texts only.
SET @change = (
    SELECT IF(COUNT(*) = 0, 'ALTER TABLE {credentials} ADD INDEX {credentials}_seat (user_id(191), account_id(191))', 'DO 0')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = '{credentials}' AND index_name = '{credentials}_seat'
);
PREPARE change_identity FROM @change;
EXECUTE change_identity;
DEALLOCATE PREPARE change_identity;

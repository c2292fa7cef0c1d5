-- Which lanes a worker works on, such as `interactive,bulk`; empty for workers that registered before this version.
-- A migration must be repeatable here, and MySQL has no ADD COLUMN IF NOT EXISTS: the catalogue says whether it was done.
SET @change = (
    SELECT IF(COUNT(*) = 0, 'ALTER TABLE {workers} ADD COLUMN lanes VARCHAR(64) NOT NULL DEFAULT ''''', 'DO 0')
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = '{workers}' AND column_name = 'lanes'
);
PREPARE change_workers FROM @change;
EXECUTE change_workers;
DEALLOCATE PREPARE change_workers;

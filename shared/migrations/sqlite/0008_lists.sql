-- Lists of credentials. Each column that they can be sorted by has an index that is walked in its order, so that a page costs
-- what it shows and not what is stored. Deleted rows stand apart in them (`tombstone`), however many they are.
CREATE INDEX {credentials}_by_id ON {credentials} (tombstone, id);
CREATE INDEX {credentials}_by_biz_id ON {credentials} (tombstone, biz_id, id);
CREATE INDEX {credentials}_by_email ON {credentials} (tombstone, email, id);
CREATE INDEX {credentials}_by_name ON {credentials} (tombstone, name, id);
CREATE INDEX {credentials}_by_tag ON {credentials} (tombstone, tag, id);
CREATE INDEX {credentials}_by_plan ON {credentials} (tombstone, plan, id);
CREATE INDEX {credentials}_by_enabled ON {credentials} (tombstone, enabled, id);
CREATE INDEX {credentials}_by_client_id ON {credentials} (tombstone, client_id, id);
CREATE INDEX {credentials}_by_egress ON {credentials} (tombstone, egress, id);
CREATE INDEX {credentials}_by_label ON {credentials} (tombstone, egress_label, id);
CREATE INDEX {credentials}_by_created ON {credentials} (tombstone, created_at, id);
CREATE INDEX {credentials}_by_updated ON {credentials} (tombstone, updated_at, id);

-- The refresh protocol writes these three with each commit: what that costs is in docs/performance.md.
CREATE INDEX {grants}_by_expires ON {grants} (at_expires_at, credential_id);
CREATE INDEX {grants}_by_refreshed ON {grants} (refreshed_at, credential_id);
CREATE INDEX {grants}_by_failures ON {grants} (failures, credential_id);

-- One person's seat in a workspace is one credential: an import looks up whether it is there.
CREATE INDEX {credentials}_seat ON {credentials} (user_id, account_id);

-- Which lanes a worker works on, such as `interactive,bulk`; empty for workers that registered before this version.
ALTER TABLE {workers} ADD COLUMN lanes TEXT NOT NULL DEFAULT '';

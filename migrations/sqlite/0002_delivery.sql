-- Whether a destination is left alone because it refuses our token, rather than because it fails:
-- another token ends only that.
ALTER TABLE pauses ADD COLUMN refused INTEGER NOT NULL DEFAULT 1;

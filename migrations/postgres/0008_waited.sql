-- What a delivery has waited between its own failures, in milliseconds: the time to be given up is
-- counted in this, and no longer from its acceptance, so that an outage of its destination, or of
-- ours, uses nothing of it up.
ALTER TABLE livraisons ADD COLUMN waited_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE livraisons DROP COLUMN since;

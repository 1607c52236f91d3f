-- Whether a destination is left alone because it refuses our token, rather than because it fails:
-- another token ends only that.
ALTER TABLE pauses ADD COLUMN refused INTEGER NOT NULL DEFAULT 1;

-- Delivered deliveries, in the order in which they may be forgotten.
CREATE INDEX livraisons_done ON livraisons (finished_at) WHERE etat = 'livree';

-- What may be forgotten, oldest first. Each index holds only what is still there, so that looking
-- costs nothing once it is gone.
CREATE INDEX signalements_with_trace ON signalements (decided_at) WHERE trace IS NOT NULL;
CREATE INDEX signalements_with_payload ON signalements (received_at) WHERE bound = 1 AND payload <> '';
CREATE INDEX evenements_with_trace ON evenements (received_at) WHERE trace IS NOT NULL;
CREATE INDEX livraisons_done ON livraisons (finished_at) WHERE etat = 'livree';

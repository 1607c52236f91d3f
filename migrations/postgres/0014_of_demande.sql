-- The pair of migrations/sqlite/0014_of_demande.sql.

-- `explain` tells what became of all that a demande has sent or is to send.
CREATE INDEX livraisons_of_demande ON livraisons (uid) WHERE uid IS NOT NULL;

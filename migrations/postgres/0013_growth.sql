-- The pair of migrations/sqlite/0013_growth.sql, but for livraisons_leased: here nobody gives claims back at
-- a start, and an index that holds the lease would have each claim write every index of its row anew.

-- Undelivered ones are counted, and chosen by their destination, in the index alone.
DROP INDEX livraisons_apart;
CREATE INDEX livraisons_apart ON livraisons (etat, sequence, destination, created_at) WHERE etat <> 'livree';

-- The version accepted last is asked for by each look at whether the daemon is ready.
CREATE INDEX versions_by_sequence ON versions (sequence);

-- A signalement that is withdrawn goes away again, and each time all keys were looked through for one of
-- its own. They are bound with demandes, which never go.
ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_signalement_id_fkey;

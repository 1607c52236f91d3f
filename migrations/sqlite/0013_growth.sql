-- What a daemon asks for is found without passing all that is stored.

-- Those that are being sent: a start gives them back, and a queue with one of them waits.
CREATE INDEX livraisons_leased ON livraisons (queue) WHERE etat = 'en_attente' AND leased_until > 0;

-- Undelivered ones are counted, and chosen by their destination, in the index alone.
DROP INDEX livraisons_apart;
CREATE INDEX livraisons_apart ON livraisons (etat, sequence, destination, created_at) WHERE etat <> 'livree';

-- The version accepted last is asked for by each look at whether the daemon is ready.
CREATE INDEX versions_by_sequence ON versions (sequence);

-- A signalement that is withdrawn goes away again, and each time all keys were looked through for one of
-- its own. They are bound with demandes, which never go.
-- SQLite can drop a constraint only like this, see 0004_remote_crm.sql.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, ' REFERENCES signalements (id)', '') WHERE name = 'idempotency_keys';
PRAGMA writable_schema = RESET;

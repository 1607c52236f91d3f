-- Creations in a remote CRM between "received" and "created". The row is committed before the CRM
-- is called and goes away with what became of the call, so that a process that died in between
-- leaves a doubt behind, and never an oblivion. Its signalement is 'recu', 'inconnu' or 'differe'
-- for exactly as long.
CREATE TABLE creations (
    -- Deferred, so that this row can be written first: it is the lock of the identity.
    signalement_id TEXT NOT NULL PRIMARY KEY
                   REFERENCES signalements (id) DEFERRABLE INITIALLY DEFERRED,
    -- The Idempotency-Key that the creation will bind; nobody else may take it meanwhile.
    key_client     TEXT,
    key_value      TEXT,
    -- Whether the signalement was kept before, so that it is kept if the creation is withdrawn.
    kept_before    INTEGER NOT NULL CHECK (kept_before IN (0, 1)),
    -- What the rules decided, the same at every attempt.
    demande        TEXT NOT NULL,
    avertissements TEXT NOT NULL,
    -- 1 from before a call until it is known what became of it: the demande may exist.
    in_doubt       INTEGER NOT NULL CHECK (in_doubt IN (0, 1)),
    -- 1 where only a person can go on.
    stopped        INTEGER NOT NULL DEFAULT 0 CHECK (stopped IN (0, 1)),
    attempts       INTEGER NOT NULL DEFAULT 0,
    due_at         INTEGER NOT NULL,
    leased_until   INTEGER NOT NULL,
    fence          INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX creations_key ON creations (key_client, key_value)
    WHERE key_value IS NOT NULL;
CREATE INDEX creations_due ON creations (due_at) WHERE stopped = 0;

-- Up to when the changes of a polled CRM are known, by its own clock, and who reads them now.
CREATE TABLE polls (
    name         TEXT NOT NULL PRIMARY KEY,
    seen_until   INTEGER,
    leased_until INTEGER NOT NULL DEFAULT 0,
    fence        INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Photos are delivered to a remote CRM through the same outbox. SQLite cannot change a constraint;
-- its manual gives this way for one that concerns no stored row (https://sqlite.org/lang_altertable.html,
-- "making other kinds of table schema changes").
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '(''sowell'', ''courriel'')', '(''sowell'', ''courriel'', ''crm'')') WHERE name = 'livraisons';
PRAGMA writable_schema = RESET;

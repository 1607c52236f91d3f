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
    kept_before    BIGINT NOT NULL CHECK (kept_before IN (0, 1)),
    -- What the rules decided, the same at every attempt.
    demande        TEXT NOT NULL,
    avertissements TEXT NOT NULL,
    -- 1 from before a call until it is known what became of it: the demande may exist.
    in_doubt       BIGINT NOT NULL CHECK (in_doubt IN (0, 1)),
    -- 1 where only a person can go on.
    stopped        BIGINT NOT NULL DEFAULT 0 CHECK (stopped IN (0, 1)),
    attempts       BIGINT NOT NULL DEFAULT 0,
    due_at         BIGINT NOT NULL,
    leased_until   BIGINT NOT NULL,
    fence          BIGINT NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX creations_key ON creations (key_client, key_value)
    WHERE key_value IS NOT NULL;
CREATE INDEX creations_due ON creations (due_at) WHERE stopped = 0;

-- Up to when the changes of a polled CRM are known, by its own clock, and who reads them now.
CREATE TABLE polls (
    name         TEXT NOT NULL PRIMARY KEY,
    seen_until   BIGINT,
    leased_until BIGINT NOT NULL DEFAULT 0,
    fence        BIGINT NOT NULL DEFAULT 0
);

-- Photos are delivered to a remote CRM through the same outbox.
ALTER TABLE livraisons DROP CONSTRAINT livraisons_destination_check;
ALTER TABLE livraisons ADD CONSTRAINT livraisons_destination_check CHECK (destination IN ('sowell', 'courriel', 'crm'));

-- Instants are milliseconds since 1970-01-01T00:00:00Z. Small rows that are found by their key stand
-- in it (WITHOUT ROWID); large ones are appended, their key an index beside them.

-- What SoWell sent. The identity is computed from lien_sowell, so the primary key is the
-- idempotency key: two creations for one link cannot be.
CREATE TABLE signalements (
    id          TEXT NOT NULL PRIMARY KEY,
    lien_sowell TEXT NOT NULL,
    client      TEXT NOT NULL,
    etat        TEXT NOT NULL CHECK (etat IN ('recu', 'transmis', 'ecarte', 'differe', 'inconnu', 'echec')),
    -- 1 once a demande owns this identity; a bound row never changes its content.
    bound       INTEGER NOT NULL CHECK (bound IN (0, 1)),
    uid         TEXT,
    motif       TEXT,
    fingerprint TEXT NOT NULL,
    payload     TEXT NOT NULL,
    version     TEXT NOT NULL,
    trace       TEXT,
    -- The body of the 201, given again byte for byte.
    answer      TEXT,
    received_at INTEGER NOT NULL,
    decided_at  INTEGER NOT NULL,
    CHECK ((bound = 1) = (uid IS NOT NULL AND answer IS NOT NULL))
) STRICT;

-- What operators look for: everything that did not become a demande.
CREATE INDEX signalements_apart ON signalements (etat, received_at) WHERE bound = 0;

-- Idempotency-Key, per client; lives as long as the identity that it points to.
CREATE TABLE idempotency_keys (
    client         TEXT NOT NULL,
    value          TEXT NOT NULL,
    signalement_id TEXT NOT NULL REFERENCES signalements (id),
    PRIMARY KEY (client, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE fichiers (
    signalement_id TEXT NOT NULL REFERENCES signalements (id),
    position       INTEGER NOT NULL,
    nom            TEXT NOT NULL,
    type           TEXT NOT NULL,
    taille         INTEGER NOT NULL,
    sha256         TEXT NOT NULL,
    PRIMARY KEY (signalement_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX fichiers_sha256 ON fichiers (sha256);

-- The daemon's record of each demande in the CRM. Managers are JSON objects
-- {type, identifiant, nom, email}, as they were when the demande was created.
CREATE TABLE demandes (
    uid                   TEXT NOT NULL PRIMARY KEY,
    signalement_id        TEXT NOT NULL UNIQUE REFERENCES signalements (id),
    statut                TEXT NOT NULL,
    statut_sowell         TEXT,
    canal                 TEXT NOT NULL,
    qualification         TEXT NOT NULL,
    workflow              TEXT NOT NULL,
    residence             TEXT NOT NULL,
    bien                  TEXT,
    priorite              TEXT NOT NULL,
    gestionnaire_concerne TEXT NOT NULL,
    acteur_en_charge      TEXT NOT NULL,
    auteur                TEXT NOT NULL,
    email_auteur          TEXT NOT NULL,
    contexte              TEXT NOT NULL,
    lien_sowell           TEXT NOT NULL,
    created_at            INTEGER NOT NULL
) STRICT;

-- Status changes as the CRM told them, in the order of acceptance.
CREATE TABLE evenements (
    sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    uid           TEXT NOT NULL REFERENCES demandes (uid),
    evenement     TEXT,
    statut        TEXT NOT NULL,
    date          TEXT,
    -- The same as an instant, so that two spellings of it are one.
    date_at       INTEGER,
    resultat      TEXT,
    commentaire   TEXT,
    canal         TEXT NOT NULL,
    issue         TEXT NOT NULL CHECK (issue IN ('accepte', 'ignore', 'retenu')),
    statut_sowell TEXT,
    motif         TEXT,
    version       TEXT NOT NULL,
    trace         TEXT,
    received_at   INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX evenements_once ON evenements (uid, evenement) WHERE evenement IS NOT NULL;
CREATE INDEX evenements_of_demande ON evenements (uid, sequence);
CREATE INDEX evenements_held ON evenements (sequence) WHERE issue = 'retenu';

-- The outbox. Written in the transaction of the change that causes it.
CREATE TABLE livraisons (
    sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    destination  TEXT NOT NULL CHECK (destination IN ('sowell', 'courriel')),
    -- Deliveries of one queue go out one after the other: the UID for SoWell.
    queue        TEXT NOT NULL,
    uid          TEXT,
    evenement_id TEXT,
    etat         TEXT NOT NULL CHECK (etat IN ('en_attente', 'livree', 'morte', 'depassee', 'retenue')),
    content      TEXT NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    last_error   TEXT,
    due_at       INTEGER NOT NULL,
    -- When the time to be given up began to run; a retry by hand starts it anew.
    since        INTEGER NOT NULL,
    -- A worker holds it until then; fence tells its claim from a later one.
    leased_until INTEGER NOT NULL DEFAULT 0,
    fence        INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER
) STRICT;

CREATE INDEX livraisons_due ON livraisons (destination, due_at) WHERE etat = 'en_attente';
CREATE INDEX livraisons_queue ON livraisons (queue, sequence) WHERE etat = 'en_attente';
CREATE INDEX livraisons_stuck ON livraisons (queue, sequence) WHERE etat IN ('morte', 'retenue');
CREATE INDEX livraisons_of_event ON livraisons (evenement_id) WHERE evenement_id IS NOT NULL;
CREATE INDEX livraisons_apart ON livraisons (etat, sequence) WHERE etat <> 'livree';

-- What each attempt saw.
CREATE TABLE tentatives (
    livraison_id TEXT NOT NULL REFERENCES livraisons (id),
    number       INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    status       INTEGER,
    error        TEXT,
    excerpt      TEXT,
    PRIMARY KEY (livraison_id, number)
) STRICT, WITHOUT ROWID;

-- A destination that refused everyone is left alone for a while.
CREATE TABLE pauses (
    destination TEXT NOT NULL PRIMARY KEY,
    until       INTEGER NOT NULL,
    failures    INTEGER NOT NULL,
    reason      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Accepted versions: which rule files, each kept once under its SHA-256.
CREATE TABLE versions (
    version     TEXT NOT NULL PRIMARY KEY,
    files       TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    -- Grows with each acceptance, also of a version that came back.
    sequence    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE version_files (
    sha256  TEXT NOT NULL PRIMARY KEY,
    content BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The reference data accepted last; exports are large and replaced daily, so only one is kept.
CREATE TABLE last_referentiel (
    name    TEXT NOT NULL PRIMARY KEY,
    content BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    client     TEXT NOT NULL PRIMARY KEY,
    hash       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- no-transaction
-- That a signalement has one demande is held by a look at its row, which is written just before and names its
-- uid, and no longer by an index whose keys come in no order: nothing was found by it, and each
-- commit wrote a page of it for each demande (docs/performance.md).
-- SQLite drops such a constraint with its table only, and rows refer to it
-- (https://sqlite.org/lang_altertable.html, "making other kinds of table schema changes"). Run again
-- after a death in its middle, it does the same again.
PRAGMA foreign_keys = OFF;
BEGIN IMMEDIATE;
DROP TABLE IF EXISTS demandes_once;
CREATE TABLE demandes_once (
    uid                   TEXT NOT NULL PRIMARY KEY,
    signalement_id        TEXT NOT NULL,
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
INSERT INTO demandes_once SELECT * FROM demandes;
DROP TABLE demandes;
ALTER TABLE demandes_once RENAME TO demandes;
CREATE TRIGGER demandes_once BEFORE INSERT ON demandes
WHEN NOT EXISTS (SELECT 1 FROM signalements WHERE id = NEW.signalement_id AND uid = NEW.uid)
BEGIN
    SELECT RAISE(ABORT, 'the signalement has not this demande');
END;
COMMIT;
PRAGMA foreign_keys = ON;

-- The tables of every peer; SQLite, write-ahead log.
PRAGMA journal_mode = WAL;
CREATE TABLE signalements (
  uid TEXT PRIMARY KEY, qualification TEXT, residence TEXT, bien TEXT, auteur TEXT, email_auteur TEXT,
  date_creation TEXT, priorite TEXT, description TEXT, lien_sowell TEXT
) WITHOUT ROWID;
CREATE TABLE photos (uid TEXT, position INTEGER, taille INTEGER, PRIMARY KEY (uid, position));
CREATE TABLE outbox (id INTEGER PRIMARY KEY, uid TEXT, content TEXT, delivered INTEGER);
CREATE INDEX waiting ON outbox (delivered, id);

-- Photos that nobody named and that were about to be removed: what was received before that, or
-- shortly after, cannot name them any more.
CREATE TABLE removals (
    name TEXT NOT NULL PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The daemons that share this memory; one that has a SQLite file for itself writes nothing here.
CREATE TABLE replicas (
    id      TEXT NOT NULL PRIMARY KEY,
    -- The rules that it has in force.
    version TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);

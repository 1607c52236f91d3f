-- The address last set for each destination, without credentials, as a salted digest: a start that brings another one
-- need not wait for what failed at this one.
CREATE TABLE routes (
    destination TEXT NOT NULL PRIMARY KEY,
    digest      TEXT NOT NULL
);

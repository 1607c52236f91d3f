-- The name of this database, which the store of photos carries as well: whoever finds another name there
-- removes nothing. Made at its first use and copied with all the rest; one row, under 1.
CREATE TABLE identity (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    name TEXT NOT NULL
) STRICT;

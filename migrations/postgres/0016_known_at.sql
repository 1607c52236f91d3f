-- From when on a look-up tells what became of the last call. Until now due_at stood for it, which a
-- back-off puts off as well: nobody could tell the two apart. NULL where an earlier version wrote the
-- row: due_at is it then.
ALTER TABLE creations ADD COLUMN known_at BIGINT;

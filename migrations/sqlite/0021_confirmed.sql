-- Whether the CRM answered a call with a success but without a readable UID. It then says that it created the demande,
-- so an empty search does not prove that there is none.
ALTER TABLE creations ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;

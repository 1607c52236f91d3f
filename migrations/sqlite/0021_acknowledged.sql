-- Whether the CRM answered a call with a success without a UID that we can read: it created the demande, so that a
-- search which finds nothing does not mean that there is none.
ALTER TABLE creations ADD COLUMN acknowledged INTEGER NOT NULL DEFAULT 0;

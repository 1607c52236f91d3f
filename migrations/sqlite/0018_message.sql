-- The signed message that brought an event without an id of its own: it may come again after others.
ALTER TABLE evenements ADD COLUMN message TEXT;
CREATE UNIQUE INDEX evenements_message ON evenements (uid, message) WHERE message IS NOT NULL;

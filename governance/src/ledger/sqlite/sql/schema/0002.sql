-- What was received is kept beside the event that it decodes to, wherever a delivery waits or ends.

ALTER TABLE parked ADD COLUMN payload BLOB NOT NULL DEFAULT x'';
ALTER TABLE dead_letters ADD COLUMN event BLOB NOT NULL DEFAULT x'';

DROP TABLE uploads;
ALTER TABLE users DROP COLUMN reserved_bytes;

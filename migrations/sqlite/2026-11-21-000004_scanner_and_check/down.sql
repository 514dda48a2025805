DROP INDEX media_items_bytes;
CREATE INDEX media_items_bytes ON media_items (user_id, sha256);
DROP TABLE findings;
DROP INDEX media_items_scan;
ALTER TABLE media_items DROP COLUMN is_damaged;
ALTER TABLE media_items DROP COLUMN scanned_with;

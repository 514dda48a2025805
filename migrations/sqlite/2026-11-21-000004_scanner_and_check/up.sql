ALTER TABLE media_items ADD COLUMN scanned_with VARCHAR(190) NOT NULL DEFAULT '';
ALTER TABLE media_items ADD COLUMN is_damaged BOOLEAN NOT NULL DEFAULT 0;
DROP INDEX media_items_bytes;
CREATE INDEX media_items_bytes ON media_items (user_id, sha256, in_trash, is_missing, size);
CREATE INDEX media_items_scan ON media_items (scan, id);

CREATE TABLE findings (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    directory_path VARCHAR(700) NOT NULL,
    size BIGINT NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    signature VARCHAR(190) NOT NULL,
    state VARCHAR(16) NOT NULL,
    is_seen BOOLEAN NOT NULL,
    found_at TIMESTAMP NOT NULL,
    decided_at TIMESTAMP,
    decided_by VARCHAR(64)
);
CREATE INDEX findings_user ON findings (user_id, is_seen, id);

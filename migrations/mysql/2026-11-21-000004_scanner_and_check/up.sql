ALTER TABLE media_items ADD COLUMN scanned_with VARCHAR(190) NOT NULL DEFAULT '';
ALTER TABLE media_items ADD COLUMN is_damaged BOOLEAN NOT NULL DEFAULT 0;
DROP INDEX media_items_bytes ON media_items;
CREATE INDEX media_items_bytes ON media_items (user_id, sha256, in_trash, is_missing, size);
CREATE INDEX media_items_scan ON media_items (scan, id);

CREATE TABLE findings (
    id BINARY(16) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    directory_path VARCHAR(700) NOT NULL,
    size BIGINT NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    signature VARCHAR(190) NOT NULL,
    state VARCHAR(16) NOT NULL,
    is_seen BOOLEAN NOT NULL,
    found_at DATETIME(6) NOT NULL,
    decided_at DATETIME(6),
    decided_by VARCHAR(64),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX findings_user ON findings (user_id, is_seen, id);

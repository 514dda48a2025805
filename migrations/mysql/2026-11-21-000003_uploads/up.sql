ALTER TABLE users ADD COLUMN reserved_bytes BIGINT NOT NULL DEFAULT 0;

CREATE TABLE uploads (
    id BINARY(16) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    directory_id BINARY(16),
    keeps_both BOOLEAN NOT NULL,
    metadata TEXT NOT NULL,
    size BIGINT NOT NULL,
    received BIGINT NOT NULL,
    hash_state VARBINARY(255) NOT NULL,
    item_id BINARY(16),
    is_duplicate BOOLEAN NOT NULL,
    created_at DATETIME(6) NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX uploads_user ON uploads (user_id, item_id, id);
CREATE INDEX uploads_expires ON uploads (expires_at);

ALTER TABLE users ADD COLUMN reserved_bytes BIGINT NOT NULL DEFAULT 0;

CREATE TABLE uploads (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    directory_id BLOB,
    keeps_both BOOLEAN NOT NULL,
    metadata TEXT NOT NULL,
    size BIGINT NOT NULL,
    received BIGINT NOT NULL,
    hash_state BLOB NOT NULL,
    item_id BLOB,
    is_duplicate BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX uploads_user ON uploads (user_id, item_id, id);
CREATE INDEX uploads_expires ON uploads (expires_at);

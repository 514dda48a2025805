ALTER TABLE media_items RENAME COLUMN in_trash TO placement;
INSERT INTO shelf_counts (user_id, shelf, items, bytes) SELECT id, 'received', 0, 0 FROM users;

ALTER TABLE share_links ADD COLUMN uploads VARCHAR(8) NOT NULL DEFAULT 'none';
ALTER TABLE share_links ADD COLUMN needs_review BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE share_links ADD COLUMN max_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE share_links ADD COLUMN max_files BIGINT NOT NULL DEFAULT 0;
ALTER TABLE share_links ADD COLUMN received_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE share_links ADD COLUMN received_files BIGINT NOT NULL DEFAULT 0;

CREATE TABLE received_files (
    item_id BINARY(16) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    link_id BINARY(16),
    album_id BINARY(16),
    sender VARCHAR(100) NOT NULL,
    is_accepted BOOLEAN NOT NULL,
    received_at DATETIME(6) NOT NULL,
    CONSTRAINT received_files_item_id FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE CASCADE,
    CONSTRAINT received_files_link_id FOREIGN KEY (link_id) REFERENCES share_links (id) ON DELETE SET NULL,
    CONSTRAINT received_files_album_id FOREIGN KEY (album_id) REFERENCES albums (id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX received_files_link ON received_files (link_id);
CREATE INDEX received_files_album ON received_files (album_id);

ALTER TABLE uploads ADD COLUMN link_id BINARY(16);
ALTER TABLE uploads ADD COLUMN sender VARCHAR(100) NOT NULL DEFAULT '';
CREATE INDEX uploads_link ON uploads (link_id, item_id);

ALTER TABLE findings ADD COLUMN sent_by BIGINT;
ALTER TABLE findings ADD COLUMN received_from VARCHAR(100);
ALTER TABLE findings ADD COLUMN is_accepted BOOLEAN NOT NULL DEFAULT TRUE;

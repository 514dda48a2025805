-- 0: in the library, 1: in the trash, 2: received through a share link and not accepted yet.
ALTER TABLE media_items RENAME COLUMN in_trash TO placement;
INSERT INTO shelf_counts (user_id, shelf, items, bytes) SELECT id, 'received', 0, 0 FROM users;

ALTER TABLE share_links ADD COLUMN uploads VARCHAR(8) NOT NULL DEFAULT 'none';
ALTER TABLE share_links ADD COLUMN needs_review BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE share_links ADD COLUMN max_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE share_links ADD COLUMN max_files BIGINT NOT NULL DEFAULT 0;
ALTER TABLE share_links ADD COLUMN received_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE share_links ADD COLUMN received_files BIGINT NOT NULL DEFAULT 0;

CREATE TABLE received_files (
    item_id BLOB NOT NULL PRIMARY KEY REFERENCES media_items (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL,
    link_id BLOB REFERENCES share_links (id) ON DELETE SET NULL,
    album_id BLOB REFERENCES albums (id) ON DELETE SET NULL,
    sender VARCHAR(100) NOT NULL,
    is_accepted BOOLEAN NOT NULL,
    received_at TIMESTAMP NOT NULL
);
CREATE INDEX received_files_link ON received_files (link_id);
CREATE INDEX received_files_album ON received_files (album_id);

ALTER TABLE uploads ADD COLUMN link_id BLOB;
ALTER TABLE uploads ADD COLUMN sender VARCHAR(100) NOT NULL DEFAULT '';
CREATE INDEX uploads_link ON uploads (link_id, item_id);

ALTER TABLE findings ADD COLUMN sent_by BIGINT;
ALTER TABLE findings ADD COLUMN received_from VARCHAR(100);
ALTER TABLE findings ADD COLUMN is_accepted BOOLEAN NOT NULL DEFAULT TRUE;

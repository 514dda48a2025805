ALTER TABLE albums ADD COLUMN allows_comments BOOLEAN NOT NULL DEFAULT TRUE;
CREATE INDEX album_items_added ON album_items (album_id, is_shown, added_at, added_by);

CREATE TABLE album_comments (
    id BINARY(16) NOT NULL PRIMARY KEY,
    album_id BINARY(16) NOT NULL,
    item_id BINARY(16),
    user_id BIGINT NOT NULL,
    text VARCHAR(1000) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    CONSTRAINT album_comments_album_id FOREIGN KEY (album_id) REFERENCES albums (id) ON DELETE CASCADE,
    CONSTRAINT album_comments_item_id FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE CASCADE,
    CONSTRAINT album_comments_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX album_comments_album ON album_comments (album_id, created_at, id);
CREATE INDEX album_comments_item ON album_comments (item_id, album_id, id);
CREATE INDEX album_comments_user ON album_comments (user_id, album_id);

CREATE TABLE album_hearts (
    album_id BINARY(16) NOT NULL,
    item_id BINARY(16) NOT NULL,
    user_id BIGINT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (album_id, item_id, user_id),
    CONSTRAINT album_hearts_album_id FOREIGN KEY (album_id) REFERENCES albums (id) ON DELETE CASCADE,
    CONSTRAINT album_hearts_item_id FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE CASCADE,
    CONSTRAINT album_hearts_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX album_hearts_album ON album_hearts (album_id, created_at, item_id);
CREATE INDEX album_hearts_item ON album_hearts (item_id);
CREATE INDEX album_hearts_user ON album_hearts (user_id);

ALTER TABLE share_links ADD COLUMN slug VARCHAR(64);

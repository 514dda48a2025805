CREATE TABLE albums (
    id BINARY(16) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    parent_id BINARY(16),
    kind VARCHAR(8) NOT NULL,
    name VARCHAR(190) NOT NULL,
    name_key VARCHAR(190) NOT NULL,
    description VARCHAR(2000) NOT NULL,
    cover_id BINARY(16),
    sort VARCHAR(8) NOT NULL,
    items BIGINT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    CONSTRAINT albums_of_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX albums_user ON albums (user_id, kind, updated_at, id);
CREATE INDEX albums_user_name ON albums (user_id, name_key, id);
CREATE INDEX albums_parent ON albums (parent_id, updated_at, id);
CREATE TABLE album_items (
    album_id BINARY(16) NOT NULL,
    item_id BINARY(16) NOT NULL,
    copy SMALLINT NOT NULL,
    user_id BIGINT NOT NULL,
    is_shown BOOLEAN NOT NULL,
    shown_at BIGINT NOT NULL,
    name_key VARCHAR(255) NOT NULL,
    position BIGINT NOT NULL,
    added_by BIGINT NOT NULL,
    added_at DATETIME(6) NOT NULL,
    PRIMARY KEY (album_id, item_id, copy),
    CONSTRAINT album_items_album FOREIGN KEY (album_id) REFERENCES albums (id) ON DELETE CASCADE,
    CONSTRAINT album_items_of_item FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX album_items_date ON album_items (album_id, is_shown, shown_at, item_id);
CREATE INDEX album_items_name ON album_items (album_id, is_shown, name_key, item_id);
CREATE INDEX album_items_position ON album_items (album_id, is_shown, position, item_id);
CREATE INDEX album_items_item ON album_items (item_id, album_id);
CREATE INDEX album_items_user ON album_items (user_id, album_id);

ALTER TABLE albums ADD COLUMN allows_comments BOOLEAN NOT NULL DEFAULT TRUE;
CREATE INDEX album_items_added ON album_items (album_id, is_shown, added_at, added_by);

CREATE TABLE album_comments (
    id BLOB NOT NULL PRIMARY KEY,
    album_id BLOB NOT NULL REFERENCES albums (id) ON DELETE CASCADE,
    item_id BLOB REFERENCES media_items (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    text VARCHAR(1000) NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX album_comments_album ON album_comments (album_id, created_at, id);
CREATE INDEX album_comments_item ON album_comments (item_id, album_id, id);
CREATE INDEX album_comments_user ON album_comments (user_id, album_id);

CREATE TABLE album_hearts (
    album_id BLOB NOT NULL REFERENCES albums (id) ON DELETE CASCADE,
    item_id BLOB NOT NULL REFERENCES media_items (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (album_id, item_id, user_id)
);
CREATE INDEX album_hearts_album ON album_hearts (album_id, created_at, item_id);
CREATE INDEX album_hearts_item ON album_hearts (item_id);
CREATE INDEX album_hearts_user ON album_hearts (user_id);

ALTER TABLE share_links ADD COLUMN slug VARCHAR(64);

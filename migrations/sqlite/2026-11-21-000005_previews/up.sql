ALTER TABLE media_items ADD COLUMN shown_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE media_items ADD COLUMN taken_offset SMALLINT;
ALTER TABLE media_items ADD COLUMN preview VARCHAR(16) NOT NULL DEFAULT 'waiting';
ALTER TABLE media_items ADD COLUMN placeholder VARCHAR(40);
UPDATE media_items SET shown_at = CAST(strftime('%s', taken_at) AS INTEGER) * 1000;
UPDATE media_items SET preview = 'none' WHERE kind NOT IN ('photo', 'video', 'audio');
CREATE INDEX media_items_user_shown ON media_items (user_id, in_trash, shown_at, id);
CREATE INDEX media_items_shelf_shown ON media_items (user_id, in_trash, shelf, shown_at, id);
CREATE INDEX media_items_favorite_shown ON media_items (user_id, in_trash, favorite, shown_at, id);
CREATE INDEX media_items_directory_shown ON media_items (directory_id, in_trash, shown_at, id);
DROP INDEX media_items_user;
DROP INDEX media_items_shelf;
DROP INDEX media_items_favorite;
DROP INDEX media_items_directory;
ALTER TABLE media_items DROP COLUMN taken_at;

CREATE TABLE media_details (
    item_id BLOB NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    facts TEXT NOT NULL,
    FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE CASCADE,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE tracks (
    item_id BLOB NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    title VARCHAR(190) NOT NULL,
    artist VARCHAR(190) NOT NULL,
    album VARCHAR(190) NOT NULL,
    album_artist VARCHAR(190) NOT NULL,
    artist_key VARCHAR(190) NOT NULL,
    album_key VARCHAR(190) NOT NULL,
    place INTEGER NOT NULL,
    FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE CASCADE,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX tracks_album ON tracks (user_id, artist_key, album_key, place, item_id);

CREATE TABLE search_words (
    user_id BIGINT NOT NULL,
    word VARCHAR(48) NOT NULL,
    shown_at BIGINT NOT NULL,
    item_id BLOB NOT NULL,
    PRIMARY KEY (user_id, word, shown_at, item_id),
    FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX search_words_item ON search_words (item_id, word);

CREATE TABLE shelf_months (
    user_id BIGINT NOT NULL,
    shelf VARCHAR(16) NOT NULL,
    month INTEGER NOT NULL,
    items BIGINT NOT NULL,
    PRIMARY KEY (user_id, shelf, month),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE preview_jobs (
    item_id BLOB NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    tries INTEGER NOT NULL,
    not_before BIGINT NOT NULL,
    FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE CASCADE
);
CREATE INDEX preview_jobs_user ON preview_jobs (user_id, item_id, not_before);
INSERT INTO preview_jobs (item_id, user_id, tries, not_before) SELECT id, user_id, 0, 0 FROM media_items WHERE scan <> 'pending';
INSERT INTO shelf_months (user_id, shelf, month, items) SELECT user_id, shelf, CAST(strftime('%Y%m', shown_at / 1000, 'unixepoch') AS INTEGER) AS m, COUNT(*) FROM media_items WHERE in_trash = 0 GROUP BY user_id, shelf, m;
INSERT INTO shelf_months (user_id, shelf, month, items) SELECT user_id, 'all', CAST(strftime('%Y%m', shown_at / 1000, 'unixepoch') AS INTEGER) AS m, COUNT(*) FROM media_items WHERE in_trash = 0 GROUP BY user_id, m;
INSERT INTO shelf_months (user_id, shelf, month, items) SELECT user_id, 'favorites', CAST(strftime('%Y%m', shown_at / 1000, 'unixepoch') AS INTEGER) AS m, COUNT(*) FROM media_items WHERE in_trash = 0 AND favorite = 1 GROUP BY user_id, m;

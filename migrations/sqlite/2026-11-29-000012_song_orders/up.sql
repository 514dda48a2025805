ALTER TABLE tracks ADD COLUMN by_artist VARCHAR(400) NOT NULL DEFAULT '';
ALTER TABLE tracks ADD COLUMN by_album VARCHAR(400) NOT NULL DEFAULT '';
ALTER TABLE tracks ADD COLUMN by_title VARCHAR(190) NOT NULL DEFAULT '';
ALTER TABLE tracks ADD COLUMN duration_ms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX tracks_by_artist ON tracks (user_id, by_artist, item_id);
CREATE INDEX tracks_by_album ON tracks (user_id, by_album, item_id);
CREATE INDEX tracks_by_title ON tracks (user_id, by_title, item_id);
CREATE INDEX tracks_by_duration ON tracks (user_id, duration_ms, item_id);

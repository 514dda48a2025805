DROP INDEX tracks_by_artist;
DROP INDEX tracks_by_album;
DROP INDEX tracks_by_title;
DROP INDEX tracks_by_duration;
ALTER TABLE tracks DROP COLUMN by_artist;
ALTER TABLE tracks DROP COLUMN by_album;
ALTER TABLE tracks DROP COLUMN by_title;
ALTER TABLE tracks DROP COLUMN duration_ms;

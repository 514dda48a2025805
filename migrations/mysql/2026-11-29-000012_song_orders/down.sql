DROP INDEX tracks_by_artist ON tracks;
DROP INDEX tracks_by_album ON tracks;
DROP INDEX tracks_by_title ON tracks;
DROP INDEX tracks_by_duration ON tracks;
ALTER TABLE tracks DROP COLUMN by_artist;
ALTER TABLE tracks DROP COLUMN by_album;
ALTER TABLE tracks DROP COLUMN by_title;
ALTER TABLE tracks DROP COLUMN duration_ms;

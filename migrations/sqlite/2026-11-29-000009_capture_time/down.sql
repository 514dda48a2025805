DROP TABLE item_annotations;
ALTER TABLE site DROP COLUMN index_version;
ALTER TABLE site DROP COLUMN clock_noted_at;
ALTER TABLE uploads DROP COLUMN file_modified;
ALTER TABLE media_items DROP COLUMN file_modified;
ALTER TABLE media_items DROP COLUMN taken_precision;
ALTER TABLE media_items DROP COLUMN taken_source;
ALTER TABLE users DROP COLUMN time_zone;

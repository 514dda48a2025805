ALTER TABLE users ADD COLUMN time_zone VARCHAR(64);
ALTER TABLE media_items ADD COLUMN taken_source VARCHAR(16) NOT NULL DEFAULT 'upload';
ALTER TABLE media_items ADD COLUMN taken_precision VARCHAR(8) NOT NULL DEFAULT 'second';
ALTER TABLE media_items ADD COLUMN file_modified BIGINT;
ALTER TABLE media_items ADD COLUMN motion_start BIGINT;
ALTER TABLE media_items ADD COLUMN motion_bytes BIGINT;
ALTER TABLE media_items ADD COLUMN content_id VARCHAR(40);
ALTER TABLE media_items ADD COLUMN motion_item BINARY(16);
CREATE INDEX media_items_content_id ON media_items (user_id, content_id);
UPDATE media_items SET taken_source = 'exif' WHERE id IN (SELECT item_id FROM media_details WHERE facts LIKE '%"taken":{%');
ALTER TABLE uploads ADD COLUMN file_modified BIGINT;
ALTER TABLE site ADD COLUMN clock_noted_at DATETIME(6);
ALTER TABLE site ADD COLUMN index_version INTEGER NOT NULL DEFAULT 1;

CREATE TABLE item_annotations (
    item_id BINARY(16) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    edits TEXT,
    sidecar TEXT,
    CONSTRAINT item_annotations_item FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE CASCADE,
    CONSTRAINT item_annotations_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

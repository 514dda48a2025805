CREATE TABLE xmp_files (
    item_id BLOB NOT NULL PRIMARY KEY REFERENCES media_items (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    xmp_item BLOB REFERENCES media_items (id) ON DELETE SET NULL,
    not_before BIGINT
);
CREATE INDEX xmp_files_due ON xmp_files (not_before);
CREATE INDEX xmp_files_user ON xmp_files (user_id);
CREATE INDEX xmp_files_file ON xmp_files (xmp_item);
INSERT INTO xmp_files (item_id, user_id, not_before) SELECT item_id, user_id, 0 FROM item_annotations WHERE edits IS NOT NULL;

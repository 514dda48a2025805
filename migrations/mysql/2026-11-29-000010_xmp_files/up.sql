CREATE TABLE xmp_files (
    item_id BINARY(16) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    xmp_item BINARY(16),
    not_before BIGINT,
    CONSTRAINT xmp_files_item FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE CASCADE,
    CONSTRAINT xmp_files_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT xmp_files_file FOREIGN KEY (xmp_item) REFERENCES media_items (id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX xmp_files_due ON xmp_files (not_before);
INSERT INTO xmp_files (item_id, user_id, not_before) SELECT item_id, user_id, 0 FROM item_annotations WHERE edits IS NOT NULL;

CREATE TABLE share_links (
    id BINARY(16) NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    token_version INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    album_id BINARY(16),
    directory_id BINARY(16),
    item_id BINARY(16),
    subject_key VARCHAR(40) NOT NULL,
    title VARCHAR(190) NOT NULL,
    message VARCHAR(1000) NOT NULL,
    password VARCHAR(255),
    gives VARCHAR(10) NOT NULL,
    keeps_location BOOLEAN NOT NULL,
    shows_details BOOLEAN NOT NULL,
    ends_at DATETIME(6),
    ended_at DATETIME(6),
    max_visits BIGINT,
    visits BIGINT NOT NULL,
    downloads BIGINT NOT NULL,
    last_visit_at DATETIME(6),
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    CONSTRAINT share_links_owner_id FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT share_links_album_id FOREIGN KEY (album_id) REFERENCES albums (id) ON DELETE SET NULL,
    CONSTRAINT share_links_directory_id FOREIGN KEY (directory_id) REFERENCES user_directories (directory_id) ON DELETE SET NULL,
    CONSTRAINT share_links_item_id FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX share_links_token ON share_links (token_hash);
CREATE INDEX share_links_owner ON share_links (owner_id, id);
CREATE INDEX share_links_subject ON share_links (subject_key, owner_id, id);
CREATE INDEX share_links_album ON share_links (album_id);
CREATE INDEX share_links_directory ON share_links (directory_id);
CREATE INDEX share_links_item ON share_links (item_id);
CREATE INDEX share_links_ends ON share_links (ends_at);
CREATE INDEX share_links_ended ON share_links (ended_at, ends_at);

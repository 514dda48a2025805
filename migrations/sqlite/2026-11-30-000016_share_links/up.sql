CREATE TABLE share_links (
    id BLOB NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash VARCHAR(64) NOT NULL,
    token_version INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    album_id BLOB REFERENCES albums (id) ON DELETE SET NULL,
    directory_id BLOB REFERENCES user_directories (directory_id) ON DELETE SET NULL,
    item_id BLOB REFERENCES media_items (id) ON DELETE SET NULL,
    subject_key VARCHAR(40) NOT NULL,
    title VARCHAR(190) NOT NULL,
    message VARCHAR(1000) NOT NULL,
    password VARCHAR(255),
    gives VARCHAR(10) NOT NULL,
    keeps_location BOOLEAN NOT NULL,
    shows_details BOOLEAN NOT NULL,
    ends_at TIMESTAMP,
    ended_at TIMESTAMP,
    max_visits BIGINT,
    visits BIGINT NOT NULL,
    downloads BIGINT NOT NULL,
    last_visit_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX share_links_token ON share_links (token_hash);
CREATE INDEX share_links_owner ON share_links (owner_id, id);
CREATE INDEX share_links_subject ON share_links (subject_key, owner_id, id);
CREATE INDEX share_links_album ON share_links (album_id);
CREATE INDEX share_links_directory ON share_links (directory_id);
CREATE INDEX share_links_item ON share_links (item_id);
CREATE INDEX share_links_ends ON share_links (ends_at);
CREATE INDEX share_links_ended ON share_links (ended_at, ends_at);

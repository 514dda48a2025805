CREATE TABLE user_groups (
    id BLOB NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    name_key VARCHAR(100) NOT NULL,
    created_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX user_groups_name ON user_groups (name_key);
CREATE INDEX user_groups_creator ON user_groups (created_by);
CREATE TABLE user_group_members (
    group_id BLOB NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    is_manager BOOLEAN NOT NULL,
    joined_at TIMESTAMP NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX user_group_members_user ON user_group_members (user_id, group_id);
CREATE TABLE grants (
    id BLOB NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
    album_id BLOB REFERENCES albums (id) ON DELETE CASCADE,
    directory_id BLOB REFERENCES user_directories (directory_id) ON DELETE CASCADE,
    item_id BLOB REFERENCES media_items (id) ON DELETE CASCADE,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    group_id BLOB REFERENCES user_groups (id) ON DELETE CASCADE,
    subject_key VARCHAR(40) NOT NULL,
    grantee_key VARCHAR(40) NOT NULL,
    level VARCHAR(10) NOT NULL,
    gives VARCHAR(10) NOT NULL,
    note VARCHAR(500) NOT NULL,
    ends_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX grants_once ON grants (subject_key, grantee_key);
CREATE INDEX grants_owner ON grants (owner_id, id);
CREATE INDEX grants_user ON grants (user_id, id);
CREATE INDEX grants_group ON grants (group_id, id);
CREATE INDEX grants_album ON grants (album_id);
CREATE INDEX grants_directory ON grants (directory_id);
CREATE INDEX grants_item ON grants (item_id);
CREATE INDEX grants_ends ON grants (ends_at);
CREATE TABLE grant_marks (
    grant_id BLOB NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    seen_at TIMESTAMP,
    left_at TIMESTAMP,
    PRIMARY KEY (grant_id, user_id)
);
CREATE INDEX grant_marks_user ON grant_marks (user_id, grant_id);
CREATE TABLE notifications (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind VARCHAR(24) NOT NULL,
    merge_key VARCHAR(80) NOT NULL,
    actor VARCHAR(201) NOT NULL,
    title VARCHAR(255) NOT NULL,
    href VARCHAR(255) NOT NULL,
    times BIGINT NOT NULL,
    is_seen BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX notifications_merge ON notifications (user_id, merge_key);
CREATE INDEX notifications_user ON notifications (user_id, updated_at, id);
CREATE INDEX notifications_age ON notifications (updated_at);
CREATE INDEX album_items_owner ON album_items (album_id, is_shown, user_id);
CREATE TABLE item_senders (
    item_id BLOB NOT NULL PRIMARY KEY REFERENCES media_items (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL,
    sent_at TIMESTAMP NOT NULL
);

CREATE TABLE user_groups (
    id BINARY(16) NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    name_key VARCHAR(100) NOT NULL,
    created_by BIGINT,
    created_at DATETIME(6) NOT NULL,
    CONSTRAINT user_groups_created_by FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX user_groups_name ON user_groups (name_key);
CREATE INDEX user_groups_creator ON user_groups (created_by);
CREATE TABLE user_group_members (
    group_id BINARY(16) NOT NULL,
    user_id BIGINT NOT NULL,
    is_manager BOOLEAN NOT NULL,
    joined_at DATETIME(6) NOT NULL,
    PRIMARY KEY (group_id, user_id),
    CONSTRAINT user_group_members_group_id FOREIGN KEY (group_id) REFERENCES user_groups (id) ON DELETE CASCADE,
    CONSTRAINT user_group_members_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX user_group_members_user ON user_group_members (user_id, group_id);
CREATE TABLE grants (
    id BINARY(16) NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    created_by BIGINT,
    album_id BINARY(16),
    directory_id BINARY(16),
    item_id BINARY(16),
    user_id BIGINT,
    group_id BINARY(16),
    subject_key VARCHAR(40) NOT NULL,
    grantee_key VARCHAR(40) NOT NULL,
    level VARCHAR(10) NOT NULL,
    gives VARCHAR(10) NOT NULL,
    note VARCHAR(500) NOT NULL,
    ends_at DATETIME(6),
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    CONSTRAINT grants_owner_id FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT grants_created_by FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT grants_album_id FOREIGN KEY (album_id) REFERENCES albums (id) ON DELETE CASCADE,
    CONSTRAINT grants_directory_id FOREIGN KEY (directory_id) REFERENCES user_directories (directory_id) ON DELETE CASCADE,
    CONSTRAINT grants_item_id FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE CASCADE,
    CONSTRAINT grants_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT grants_group_id FOREIGN KEY (group_id) REFERENCES user_groups (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX grants_once ON grants (subject_key, grantee_key);
CREATE INDEX grants_owner ON grants (owner_id, id);
CREATE INDEX grants_user ON grants (user_id, id);
CREATE INDEX grants_group ON grants (group_id, id);
CREATE INDEX grants_album ON grants (album_id);
CREATE INDEX grants_directory ON grants (directory_id);
CREATE INDEX grants_item ON grants (item_id);
CREATE INDEX grants_ends ON grants (ends_at);
CREATE TABLE grant_marks (
    grant_id BINARY(16) NOT NULL,
    user_id BIGINT NOT NULL,
    seen_at DATETIME(6),
    left_at DATETIME(6),
    PRIMARY KEY (grant_id, user_id),
    CONSTRAINT grant_marks_grant_id FOREIGN KEY (grant_id) REFERENCES grants (id) ON DELETE CASCADE,
    CONSTRAINT grant_marks_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX grant_marks_user ON grant_marks (user_id, grant_id);
CREATE TABLE notifications (
    id BINARY(16) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    kind VARCHAR(24) NOT NULL,
    merge_key VARCHAR(80) NOT NULL,
    actor VARCHAR(201) NOT NULL,
    title VARCHAR(255) NOT NULL,
    href VARCHAR(255) NOT NULL,
    times BIGINT NOT NULL,
    is_seen BOOLEAN NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    CONSTRAINT notifications_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX notifications_merge ON notifications (user_id, merge_key);
CREATE INDEX notifications_user ON notifications (user_id, updated_at, id);
CREATE INDEX notifications_age ON notifications (updated_at);
CREATE INDEX album_items_owner ON album_items (album_id, is_shown, user_id);
CREATE TABLE item_senders (
    item_id BINARY(16) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    sent_at DATETIME(6) NOT NULL,
    CONSTRAINT item_senders_item_id FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

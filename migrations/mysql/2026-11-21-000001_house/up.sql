CREATE TABLE site (
    id INTEGER NOT NULL PRIMARY KEY,
    has_admin BOOLEAN NOT NULL,
    admin_changes BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO site (id, has_admin, admin_changes) VALUES (1, 0, 0);

CREATE TABLE users (
    id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
    firstname VARCHAR(100) NOT NULL,
    lastname VARCHAR(100) NOT NULL,
    username VARCHAR(64) NOT NULL,
    email VARCHAR(190) NOT NULL,
    password VARCHAR(255) NOT NULL,
    contact_number VARCHAR(40),
    address VARCHAR(300),
    access_level VARCHAR(16) NOT NULL DEFAULT 'user',
    status VARCHAR(16) NOT NULL DEFAULT 'pending',
    status_since DATETIME(6) NOT NULL,
    access_code VARCHAR(64),
    access_code_expires DATETIME(6),
    session_token VARCHAR(64),
    folder VARCHAR(190) NOT NULL,
    quota_bytes BIGINT NOT NULL,
    used_bytes BIGINT NOT NULL,
    theme VARCHAR(8) NOT NULL,
    single_keys BOOLEAN NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX users_username ON users (username);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_status ON users (status, id);

CREATE TABLE session_tokens (
    id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
    user_id BIGINT NOT NULL,
    session_token VARCHAR(64) NOT NULL,
    expiration DATETIME(6) NOT NULL,
    status VARCHAR(16) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    last_seen DATETIME(6) NOT NULL,
    address VARCHAR(45) NOT NULL,
    device VARCHAR(300) NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX session_tokens_token ON session_tokens (session_token);
CREATE INDEX session_tokens_user ON session_tokens (user_id, status);
CREATE INDEX session_tokens_expiration ON session_tokens (expiration);

CREATE TABLE user_directories (
    id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
    user_id BIGINT NOT NULL,
    directory_id BINARY(16) NOT NULL,
    parent_id BINARY(16),
    directory_name VARCHAR(255) NOT NULL,
    directory_path VARCHAR(700) NOT NULL,
    username VARCHAR(64) NOT NULL,
    date_added DATETIME(6) NOT NULL,
    last_modified DATETIME(6) NOT NULL,
    last_accessed DATETIME(6) NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX user_directories_directory ON user_directories (directory_id);
CREATE UNIQUE INDEX user_directories_path ON user_directories (user_id, directory_path);
CREATE INDEX user_directories_parent ON user_directories (user_id, parent_id);

CREATE TABLE media_items (
    id BINARY(16) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    directory_id BINARY(16) NOT NULL,
    name VARCHAR(255) NOT NULL,
    name_key VARCHAR(255) NOT NULL,
    disk_name VARCHAR(255) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    shelf VARCHAR(16) NOT NULL,
    mime VARCHAR(127) NOT NULL,
    size BIGINT NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    favorite BOOLEAN NOT NULL,
    is_missing BOOLEAN NOT NULL,
    in_trash BOOLEAN NOT NULL,
    trashed_at DATETIME(6),
    trashed_from VARCHAR(700),
    taken_at DATETIME(6) NOT NULL,
    recent_at DATETIME(6) NOT NULL,
    width INTEGER,
    height INTEGER,
    duration_ms BIGINT,
    scan VARCHAR(16) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    FOREIGN KEY (directory_id) REFERENCES user_directories (directory_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX media_items_place ON media_items (directory_id, disk_name);
CREATE INDEX media_items_user ON media_items (user_id, in_trash, taken_at, id);
CREATE INDEX media_items_user_name ON media_items (user_id, in_trash, name_key, id);
CREATE INDEX media_items_user_size ON media_items (user_id, in_trash, size, id);
CREATE INDEX media_items_shelf ON media_items (user_id, in_trash, shelf, taken_at, id);
CREATE INDEX media_items_shelf_name ON media_items (user_id, in_trash, shelf, name_key, id);
CREATE INDEX media_items_shelf_size ON media_items (user_id, in_trash, shelf, size, id);
CREATE INDEX media_items_favorite ON media_items (user_id, in_trash, favorite, taken_at, id);
CREATE INDEX media_items_favorite_name ON media_items (user_id, in_trash, favorite, name_key, id);
CREATE INDEX media_items_favorite_size ON media_items (user_id, in_trash, favorite, size, id);
CREATE INDEX media_items_directory ON media_items (directory_id, in_trash, taken_at, id);
CREATE INDEX media_items_directory_name ON media_items (directory_id, in_trash, name_key, id);
CREATE INDEX media_items_directory_size ON media_items (directory_id, in_trash, size, id);
CREATE INDEX media_items_recent ON media_items (user_id, in_trash, recent_at, id);
CREATE INDEX media_items_trash ON media_items (user_id, in_trash, trashed_at, id);
CREATE INDEX media_items_purge ON media_items (in_trash, trashed_at);
CREATE INDEX media_items_bytes ON media_items (user_id, sha256);

CREATE TABLE shelf_counts (
    user_id BIGINT NOT NULL,
    shelf VARCHAR(16) NOT NULL,
    items BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (user_id, shelf),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE file_moves (
    id BINARY(16) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    subject BINARY(16) NOT NULL,
    from_directory VARCHAR(900) NOT NULL,
    from_name VARCHAR(255) NOT NULL,
    to_directory VARCHAR(900) NOT NULL,
    to_name VARCHAR(255) NOT NULL,
    started_at DATETIME(6) NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE UNIQUE INDEX file_moves_subject ON file_moves (subject);

CREATE TABLE upload_reports (
    id BINARY(16) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    rows_json LONGTEXT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX upload_reports_user ON upload_reports (user_id, id);
CREATE INDEX upload_reports_created ON upload_reports (created_at);

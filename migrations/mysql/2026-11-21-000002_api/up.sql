ALTER TABLE session_tokens ADD COLUMN kind VARCHAR(16) NOT NULL DEFAULT 'browser';
ALTER TABLE session_tokens ADD COLUMN name VARCHAR(100) NOT NULL DEFAULT '';
ALTER TABLE session_tokens ADD COLUMN scopes VARCHAR(64) NOT NULL DEFAULT 'read write admin';

CREATE TABLE spent_tokens (
    session_token VARCHAR(64) NOT NULL PRIMARY KEY,
    session_id BIGINT NOT NULL,
    FOREIGN KEY (session_id) REFERENCES session_tokens (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX spent_tokens_session ON spent_tokens (session_id);

ALTER TABLE users ADD COLUMN origin VARCHAR(16) NOT NULL DEFAULT 'here';

ALTER TABLE session_tokens ADD COLUMN kind VARCHAR(16) NOT NULL DEFAULT 'browser';
ALTER TABLE session_tokens ADD COLUMN name VARCHAR(100) NOT NULL DEFAULT '';
ALTER TABLE session_tokens ADD COLUMN scopes VARCHAR(64) NOT NULL DEFAULT 'read write admin';

CREATE TABLE spent_tokens (
    session_token VARCHAR(64) NOT NULL PRIMARY KEY,
    session_id BIGINT NOT NULL REFERENCES session_tokens (id) ON DELETE CASCADE
);
CREATE INDEX spent_tokens_session ON spent_tokens (session_id);

ALTER TABLE users ADD COLUMN origin VARCHAR(16) NOT NULL DEFAULT 'here';

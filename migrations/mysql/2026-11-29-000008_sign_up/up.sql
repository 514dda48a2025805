ALTER TABLE users ADD COLUMN login_email VARCHAR(190);
UPDATE users SET login_email = email;
DROP INDEX users_email ON users;
CREATE UNIQUE INDEX users_login_email ON users (login_email);
CREATE INDEX users_email ON users (email);

ALTER TABLE session_tokens ADD COLUMN family VARCHAR(64);
CREATE INDEX session_tokens_family ON session_tokens (family);

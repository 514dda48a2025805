DROP INDEX session_tokens_family ON session_tokens;
ALTER TABLE session_tokens DROP COLUMN family;

DROP INDEX users_email ON users;
DROP INDEX users_login_email ON users;
CREATE UNIQUE INDEX users_email ON users (email);
ALTER TABLE users DROP COLUMN login_email;

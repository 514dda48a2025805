DROP INDEX session_tokens_family;
ALTER TABLE session_tokens DROP COLUMN family;

DROP INDEX users_email;
DROP INDEX users_login_email;
CREATE UNIQUE INDEX users_email ON users (email);
ALTER TABLE users DROP COLUMN login_email;

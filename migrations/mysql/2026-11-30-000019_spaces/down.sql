DROP INDEX users_kind ON users;
ALTER TABLE users DROP COLUMN kind;

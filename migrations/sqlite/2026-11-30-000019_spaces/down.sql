DROP INDEX users_kind;
ALTER TABLE users DROP COLUMN kind;

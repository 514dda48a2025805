ALTER TABLE users ADD COLUMN kind VARCHAR(8) NOT NULL DEFAULT 'person';
CREATE INDEX users_kind ON users (kind, id);

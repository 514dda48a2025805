ALTER TABLE users DROP COLUMN origin;
DROP TABLE spent_tokens;
ALTER TABLE session_tokens DROP COLUMN scopes;
ALTER TABLE session_tokens DROP COLUMN name;
ALTER TABLE session_tokens DROP COLUMN kind;

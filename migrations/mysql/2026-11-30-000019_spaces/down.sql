ALTER TABLE users DROP COLUMN shows_others;
ALTER TABLE grant_marks DROP COLUMN in_timeline;
ALTER TABLE uploads DROP COLUMN sender_id;
ALTER TABLE item_senders DROP COLUMN is_trusted;
DROP INDEX users_kind ON users;
ALTER TABLE users DROP COLUMN kind;

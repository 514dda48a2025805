DROP TABLE item_senders;
DROP INDEX album_items_owner;
DROP TABLE notifications;
DROP TABLE grant_marks;
DROP TABLE grants;
DROP TABLE user_group_members;
DROP TABLE user_groups;

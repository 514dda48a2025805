DROP TABLE upload_reports;
DROP TABLE file_moves;
DROP TABLE shelf_counts;
DROP TABLE media_items;
DROP TABLE user_directories;
DROP TABLE session_tokens;
DROP TABLE users;
DROP TABLE site;

ALTER TABLE share_links DROP COLUMN slug;
DROP TABLE album_hearts;
DROP TABLE album_comments;
DROP INDEX album_items_added ON album_items;
ALTER TABLE albums DROP COLUMN allows_comments;

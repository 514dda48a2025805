DROP TABLE album_items;
DROP TABLE albums;

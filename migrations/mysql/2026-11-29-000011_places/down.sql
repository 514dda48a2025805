DROP TABLE item_places;

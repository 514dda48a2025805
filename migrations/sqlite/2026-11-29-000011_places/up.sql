CREATE TABLE item_places (
    item_id BLOB NOT NULL PRIMARY KEY REFERENCES media_items (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    latitude INTEGER NOT NULL,
    longitude INTEGER NOT NULL,
    city VARCHAR(190) NOT NULL,
    country VARCHAR(2) NOT NULL
);
CREATE INDEX item_places_position ON item_places (user_id, latitude, longitude, item_id);
CREATE INDEX item_places_city ON item_places (user_id, country, city, item_id);

CREATE TABLE item_places (
    item_id BINARY(16) NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    latitude INTEGER NOT NULL,
    longitude INTEGER NOT NULL,
    city VARCHAR(190) NOT NULL,
    country VARCHAR(2) NOT NULL,
    CONSTRAINT item_places_item FOREIGN KEY (item_id) REFERENCES media_items (id) ON DELETE CASCADE,
    CONSTRAINT item_places_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX item_places_position ON item_places (user_id, latitude, longitude, item_id);
CREATE INDEX item_places_city ON item_places (user_id, country, city, item_id);

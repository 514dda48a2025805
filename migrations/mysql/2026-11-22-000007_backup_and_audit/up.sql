ALTER TABLE site ADD COLUMN restoring VARCHAR(64);

CREATE TABLE audit_log (
    id BIGINT NOT NULL PRIMARY KEY,
    happened_at DATETIME(6) NOT NULL,
    event VARCHAR(40) NOT NULL,
    actor_id BIGINT,
    actor VARCHAR(64) NOT NULL,
    address VARCHAR(45) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    detail VARCHAR(700) NOT NULL,
    previous VARCHAR(64) NOT NULL,
    hash VARCHAR(64) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX audit_log_event ON audit_log (event, id);
CREATE INDEX audit_log_actor ON audit_log (actor, id);
CREATE INDEX audit_log_time ON audit_log (happened_at);

CREATE TABLE audit_head (
    id INTEGER NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL,
    hash VARCHAR(64) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO audit_head (id, last, hash) VALUES (1, 0, '');

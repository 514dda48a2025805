DROP TABLE audit_head;
DROP TABLE audit_log;
ALTER TABLE site DROP COLUMN restoring;

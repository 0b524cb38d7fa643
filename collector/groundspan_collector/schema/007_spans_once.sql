-- Each span once, however often it was received.
CREATE VIEW IF NOT EXISTS spans_once AS SELECT * FROM spans FINAL

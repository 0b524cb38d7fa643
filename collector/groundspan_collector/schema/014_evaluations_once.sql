-- Each evaluation once, however often it was received.
CREATE VIEW IF NOT EXISTS evaluations_once AS SELECT * FROM evaluations FINAL

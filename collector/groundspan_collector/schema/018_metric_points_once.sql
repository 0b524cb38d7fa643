-- Each data point once, however often it was received.
CREATE VIEW IF NOT EXISTS metric_points_once AS SELECT * FROM metric_points FINAL

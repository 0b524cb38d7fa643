-- Each span once, however often it was received. Copies of a span lie in one partition: those that do not are withdrawn.
CREATE VIEW IF NOT EXISTS spans_once AS
SELECT * FROM spans FINAL SETTINGS do_not_merge_across_partitions_select_final = 1

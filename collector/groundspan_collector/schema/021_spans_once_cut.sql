-- A view has the columns that its table had when it was made: spans_once made again, with those of today.
CREATE OR REPLACE VIEW spans_once AS
SELECT * FROM spans FINAL SETTINGS do_not_merge_across_partitions_select_final = 1

-- Merging costs by the part and its columns more than by the row: twice as many parts at a time, and one file for all
-- columns of a part (compact) up to 128 MiB. An ingest of small groups merges with less than half of the work.
ALTER TABLE spans MODIFY SETTING merge_selector_base = 24, min_bytes_for_wide_part = 134217728

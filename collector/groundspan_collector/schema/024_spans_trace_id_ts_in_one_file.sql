-- As for spans.
ALTER TABLE spans_trace_id_ts MODIFY SETTING min_level_for_full_part_storage = 1

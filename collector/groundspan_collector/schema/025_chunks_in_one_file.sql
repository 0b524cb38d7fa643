-- As for spans.
ALTER TABLE chunks MODIFY SETTING min_level_for_full_part_storage = 1

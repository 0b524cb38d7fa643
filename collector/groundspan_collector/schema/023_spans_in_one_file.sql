-- A new part is one file, not thirteen: each file costs the answer a write to the disk that is waited for.
ALTER TABLE spans MODIFY SETTING min_level_for_full_part_storage = 1

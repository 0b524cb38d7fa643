-- How many values of a span's attributes, its events' and its resource's were too long, and are stored cut.
ALTER TABLE spans ADD COLUMN IF NOT EXISTS cut_attributes UInt32 AFTER dropped_attributes

-- A sample's ratio, so that reports can weigh; whether a judgement stands beside that of the judge in line (a rescore);
-- and how many of the ungrounded claims have each cause.
ALTER TABLE answers ADD COLUMN IF NOT EXISTS sample_ratio Float64 DEFAULT 1,
    ADD COLUMN IF NOT EXISTS beside Bool DEFAULT false,
    ADD COLUMN IF NOT EXISTS causes Map(LowCardinality(String), UInt32)

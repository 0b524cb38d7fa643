-- Where an ungrounded claim failed; empty: not known, or not ungrounded.
ALTER TABLE verdicts ADD COLUMN IF NOT EXISTS cause LowCardinality(String) AFTER verdict

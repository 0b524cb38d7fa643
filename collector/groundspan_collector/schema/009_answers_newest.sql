-- The newest judgement of each answer, whichever judge made it.
CREATE VIEW IF NOT EXISTS answers_newest AS
SELECT * FROM answers FINAL
ORDER BY judged_at DESC
LIMIT 1 BY project, trace_id

-- The claims of the newest judgement of each answer.
CREATE VIEW IF NOT EXISTS verdicts_newest AS
SELECT verdicts.*
FROM (SELECT * FROM verdicts FINAL) AS verdicts
INNER JOIN answers_newest USING (project, trace_id, judge, judge_version, input_hash)

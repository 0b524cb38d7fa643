-- One judgement of each answer: of those of its newest inputs (all of them have the newest receipt) that of the judge in
-- force, which is the one that judged the project's newest answer as it arrived; else the newest that was made as the
-- answer arrived; else the newest. So a rescore changes no report before its judge is in force, and then all at once.
CREATE OR REPLACE VIEW answers_newest AS
SELECT answer.*
FROM (SELECT * FROM answers FINAL) AS answer
LEFT JOIN
(
    SELECT project, argMax((judge, judge_version), judged_at) AS judged_by
    FROM answers
    WHERE NOT beside
    GROUP BY project
) AS in_force ON in_force.project = answer.project
ORDER BY
    answer.last_received DESC, in_force.judged_by = (answer.judge, answer.judge_version) DESC, answer.beside,
    answer.judged_at DESC
LIMIT 1 BY answer.project, answer.trace_id

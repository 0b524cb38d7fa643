-- The claims of that answer.
SELECT
    claim, start, end, text, verdict, cause, support, reason, chunk, chunk_hash, chunk_id, chunk_source, evidence_start,
    evidence_end
FROM (SELECT * FROM verdicts FINAL) AS verdict
WHERE project = {project:String} AND trace_id = {trace_id:String} AND (judge, judge_version, input_hash) IN
(
    SELECT judge, judge_version, input_hash FROM answers_newest
    WHERE project = {project:String} AND trace_id = {trace_id:String}
)
ORDER BY claim

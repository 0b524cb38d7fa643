-- The claims of that answer.
SELECT
    claim, start, end, text, verdict, support, reason, chunk, chunk_hash, chunk_id, chunk_source, evidence_start,
    evidence_end
FROM verdicts_newest
WHERE project = {project:String} AND trace_id = {trace_id:String}
ORDER BY claim

-- The texts of the chunks that a trace's spans and verdicts refer to.
SELECT hash, any(text) AS text
FROM chunks
WHERE project = {project:String} AND hash IN
(
    SELECT arrayJoin(chunks.hash)
    FROM spans_once
    WHERE project = {project:String} AND trace_id = {trace_id:String}
        AND start_time >= {first_start:DateTime64(9, 'UTC')} AND start_time <= {last_end:DateTime64(9, 'UTC')}
    UNION ALL
    SELECT assumeNotNull(chunk_hash)
    FROM verdicts_newest
    WHERE project = {project:String} AND trace_id = {trace_id:String} AND isNotNull(chunk_hash)
)
GROUP BY hash

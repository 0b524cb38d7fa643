-- The spans of one trace, a model call without text with that of its log events. The window of time is the trace's own:
-- it spares reading other days.
SELECT
    span.span_id AS span_id, parent_span_id, name, kind, stage, toUnixTimestamp64Nano(start_time) AS start_ns, duration_ns,
    status, status_message, error_type, service, version, environment, session, user, segments, provider, model,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, time_to_first_token_ns,
    if(stage = 'generate' AND span.query = '', content.query, span.query) AS query,
    if(stage = 'generate' AND span.output = '', content.output, span.output) AS output,
    chunks.hash AS chunk_hashes, chunks.id AS chunk_ids, chunks.score AS chunk_scores, chunks.source AS chunk_sources
FROM
(
    SELECT * FROM spans_once
    WHERE project = {project:String} AND trace_id = {trace_id:String}
        AND start_time >= {first_start:DateTime64(9, 'UTC')} AND start_time <= {last_end:DateTime64(9, 'UTC')}
) AS span
LEFT JOIN
(
    SELECT * FROM contents_once WHERE project = {project:String} AND trace_id = {trace_id:String}
) AS content ON content.span_id = span.span_id
ORDER BY start_time, duration_ns DESC, span_id

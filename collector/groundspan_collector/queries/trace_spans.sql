-- The spans of one trace. The window of time is the trace's own: it spares reading other days.
SELECT
    span_id, parent_span_id, name, kind, stage, toUnixTimestamp64Nano(start_time) AS start_ns, duration_ns,
    status, status_message, error_type, service, version, environment, session, user, segments, provider, model,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, time_to_first_token_ns,
    query, output,
    chunks.hash AS chunk_hashes, chunks.id AS chunk_ids, chunks.score AS chunk_scores, chunks.source AS chunk_sources
FROM spans_once
WHERE project = {project:String} AND trace_id = {trace_id:String}
    AND start_time >= {first_start:DateTime64(9, 'UTC')} AND start_time <= {last_end:DateTime64(9, 'UTC')}
ORDER BY start_time, duration_ns DESC, span_id

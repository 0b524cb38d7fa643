-- What is needed of the spans of some traces to find their answers.
SELECT
    project, trace_id, span_id, parent_span_id, stage, start_time, duration_ns, query, output, chunks,
    context_span_ids, provider, model, service, version, environment, session, user, segments, received_at
FROM spans_once
WHERE start_time >= {first_start:DateTime64(9)} AND start_time <= {last_end:DateTime64(9)}
    AND project IN {projects:Array(String)} AND trace_id IN {trace_ids:Array(String)}

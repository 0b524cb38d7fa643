-- What is needed of the spans of some traces to find their answers. A model call that carries no text has that of the
-- log events that belong to it.
SELECT
    span.project AS project, span.trace_id AS trace_id, span.span_id AS span_id, parent_span_id, stage, start_time,
    duration_ns, if(stage = 'generate' AND span.query = '', content.query, span.query) AS query,
    if(stage = 'generate' AND span.output = '', content.output, span.output) AS output, chunks, context_span_ids,
    provider, model, service, version, environment, session, user, segments,
    greatest(span.received_at, content.received_at) AS received_at
FROM
(
    SELECT * FROM spans_once
    WHERE start_time >= {first_start:DateTime64(9)} AND start_time <= {last_end:DateTime64(9)}
        AND project IN {projects:Array(String)} AND trace_id IN {trace_ids:Array(String)}
) AS span
LEFT JOIN
(
    SELECT * FROM contents_once
    WHERE project IN {projects:Array(String)} AND trace_id IN {trace_ids:Array(String)}
) AS content ON content.project = span.project AND content.trace_id = span.trace_id AND content.span_id = span.span_id

-- The places in time of a group's traces, as its own spans have them; of moved traces, as all their spans do.
SELECT
    project, trace_id AS TraceId, ${epoch} AS epoch, min(start_time) AS Start,
    max(start_time + toIntervalNanosecond(duration_ns)) AS End,
    minOrNullIf(start_time, parent_span_id = '') AS root_start,
    maxIf(span.clock_suspect, parent_span_id = '') AS clock_suspect,
    max(output != '' AND stage IN ('pipeline', 'agent', 'chain', 'generate')) AS answerable,
    max(received_at) AS last_received
FROM ${spans} AS span
GROUP BY project, trace_id

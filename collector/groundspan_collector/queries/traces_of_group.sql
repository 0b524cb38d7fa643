-- The places in time of a group's traces, as its own spans have them; of moved traces, as all their spans do.
INSERT INTO spans_trace_id_ts
    (project, TraceId, epoch, Start, End, root_start, clock_suspect, answerable, last_received)
SELECT
    project, trace_id, ${epoch} AS epoch, min(start_time), max(start_time + toIntervalNanosecond(duration_ns)),
    minOrNullIf(start_time, parent_span_id = ''), maxIf(clock_suspect, parent_span_id = ''),
    max(output != '' AND stage IN ('pipeline', 'agent', 'chain', 'generate')), max(received_at)
FROM ${spans}
GROUP BY project, trace_id

-- Each trace once; its root's start, or its first span's where the root was never received.
CREATE VIEW IF NOT EXISTS traces_once AS
SELECT
    project,
    TraceId AS trace_id,
    min(Start) AS first_start,
    max(End) AS last_end,
    coalesce(min(spans_trace_id_ts.root_start), min(Start)) AS root_start,
    max(spans_trace_id_ts.answerable) AS answerable,
    max(spans_trace_id_ts.last_received) AS last_received
FROM spans_trace_id_ts
GROUP BY project, TraceId

-- Each trace once; its root's start, or its first span's where the root was never received.
CREATE VIEW IF NOT EXISTS traces_once AS
SELECT
    project,
    trace_id,
    argMax(epoch_start, epoch) AS first_start,
    argMax(epoch_end, epoch) AS last_end,
    argMax(epoch_root_start, epoch) AS root_start,
    argMax(epoch_suspect, epoch) AS clock_suspect,
    max(epoch_answerable) AS answerable,
    max(epoch_received) AS last_received
FROM
(
    SELECT
        project,
        TraceId AS trace_id,
        epoch,
        min(Start) AS epoch_start,
        max(End) AS epoch_end,
        coalesce(min(spans_trace_id_ts.root_start), min(Start)) AS epoch_root_start,
        max(spans_trace_id_ts.clock_suspect) AS epoch_suspect,
        max(spans_trace_id_ts.answerable) AS epoch_answerable,
        max(spans_trace_id_ts.last_received) AS epoch_received
    FROM spans_trace_id_ts
    GROUP BY project, TraceId, epoch
)
GROUP BY project, trace_id

-- Of the traces in a group, those that had spans before, and where these lie in time.
SELECT
    project, TraceId AS trace_id, max(epoch) AS newest_epoch,
    toUnixTimestamp64Nano(min(Start)) AS first_start_ns, toUnixTimestamp64Nano(max(End)) AS last_end_ns
FROM spans_trace_id_ts
WHERE (project, TraceId) IN (SELECT project, trace_id FROM ${staged})
GROUP BY project, trace_id

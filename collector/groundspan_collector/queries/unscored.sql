-- Traces with text to judge that went quiet and got spans since they were last judged, the longest waiting first.
-- What was judged beside, by a rescore, does not count.
SELECT
    trace.project AS project, trace.trace_id AS trace_id, trace.first_start AS first_start,
    trace.last_end AS last_end, trace.root_start AS root_start, trace.last_received AS last_received
FROM
(
    SELECT * FROM traces_once
    WHERE answerable AND last_received <= {quiet_before:DateTime64(9)}
        AND ({project:String} = '' OR project = {project:String})
        AND cityHash64(trace_id) % {parts:UInt32} = {part:UInt32}
        AND trace_id IN (SELECT TraceId FROM spans_trace_id_ts WHERE last_received >= {since:DateTime64(9)})
) AS trace
LEFT JOIN
(
    SELECT project, trace_id, max(last_received) AS seen FROM answers
    WHERE NOT beside
        AND trace_id IN (SELECT TraceId FROM spans_trace_id_ts WHERE last_received >= {since:DateTime64(9)})
    GROUP BY project, trace_id
) AS answer ON answer.project = trace.project AND answer.trace_id = trace.trace_id
WHERE trace.last_received > answer.seen
ORDER BY trace.last_received
LIMIT {most:UInt32}

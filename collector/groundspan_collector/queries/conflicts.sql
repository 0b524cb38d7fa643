-- Copies of a group's spans that are stored already and say something else.
SELECT
    stored.project AS project, stored.trace_id AS trace_id, stored.span_id AS span_id,
    toUnixTimestamp64Nano(stored.start_time) AS stored_start_ns,
    toUnixTimestamp64Nano(arriving.start_time) AS arriving_start_ns,
    stored.precedence AS stored_precedence, arriving.precedence AS arriving_precedence,
    toStartOfHour(stored.start_time) = toStartOfHour(arriving.start_time) AS same_hour,
    stored.start_time = arriving.start_time AND stored.duration_ns = arriving.duration_ns AS same_times
FROM
(
    SELECT project, trace_id, span_id, start_time, duration_ns, content_hash, precedence
    FROM spans_once
    WHERE project IN {projects:Array(String)} AND trace_id IN (SELECT trace_id FROM ${staged})
        AND start_time >= fromUnixTimestamp64Nano({first_start_ns:Int64}, 'UTC')
        AND start_time <= fromUnixTimestamp64Nano({last_end_ns:Int64}, 'UTC')
) AS stored
INNER JOIN ${staged} AS arriving USING (project, trace_id, span_id)
WHERE stored.content_hash != arriving.content_hash

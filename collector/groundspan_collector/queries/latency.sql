-- How long spans take, and which share of their requests' time is their own: the duration less the union of the direct
-- children's intervals, cut to the span's. The whole of which it is a share: the root durations of the requests that
-- have a span in the same scope (the dimensions that tell requests apart); where no root was received, the time from
-- the first start to the last end. What our own judges asked of models is no part of a request.
WITH
    traces AS
    (
        SELECT project, trace_id, first_start, last_end, root_start
        FROM traces_once
        WHERE root_start >= {since:DateTime64(9, 'UTC')} AND root_start < {until:DateTime64(9, 'UTC')}
            AND ({project:String} = '' OR project = {project:String}) AND ({suspects:Bool} OR NOT clock_suspect)
    ),
    selected AS
    (
        SELECT *, toUnixTimestamp64Nano(start_time) AS start_ns, start_ns + toInt64(duration_ns) AS end_ns
        FROM spans_once
        WHERE start_time >= (SELECT min(first_start) FROM traces) AND start_time <= (SELECT max(last_end) FROM traces)
            AND (project, trace_id) IN (SELECT project, trace_id FROM traces) AND scope != 'groundspan.judge'
    ),
    children AS
    (
        SELECT project, trace_id, parent_span_id, groupArray((start_ns, end_ns)) AS intervals
        FROM selected
        WHERE parent_span_id != ''
        GROUP BY project, trace_id, parent_span_id
    ),
    timed AS
    (
        SELECT
            ${by},
            ${scope} AS scope,
            span.project AS project,
            span.trace_id AS trace_id,
            span.duration_ns AS duration_ns,
            span.status AS status,
            arrayFilter(i -> i.2 > i.1, arrayMap(
                i -> (greatest(i.1, span.start_ns), least(i.2, span.end_ns)), children.intervals)) AS inside,
            arrayReduce('intervalLengthSum', inside.1, inside.2) AS children_ns,
            span.duration_ns - least(children_ns, span.duration_ns) AS own_ns,
            trace.root_start AS root_start,
            if(countIf(span.parent_span_id = '') OVER request > 0,
                sumIf(span.duration_ns, span.parent_span_id = '') OVER request,
                toUInt64(toUnixTimestamp64Nano(trace.last_end) - toUnixTimestamp64Nano(trace.first_start))) AS root_ns
        FROM selected AS span
        INNER JOIN traces AS trace ON trace.project = span.project AND trace.trace_id = span.trace_id
        LEFT JOIN children ON children.project = span.project AND children.trace_id = span.trace_id
            AND children.parent_span_id = span.span_id
        WINDOW request AS (PARTITION BY span.project, span.trace_id)
    ),
    shared AS
    (
        SELECT *, sum(if(is_first_of_request = 1, root_ns, 0)) OVER (PARTITION BY scope) AS whole_ns
        FROM (SELECT *, row_number() OVER (PARTITION BY scope, project, trace_id) AS is_first_of_request FROM timed)
    )
SELECT
    ${groups},
    count() AS spans,
    countIf(status = 'error') AS errors,
    quantilesExactInclusive(0.5, 0.95, 0.99)(duration_ns) AS quantiles_ns,
    quantiles_ns[1] / 1e6 AS p50_ms,
    quantiles_ns[2] / 1e6 AS p95_ms,
    quantiles_ns[3] / 1e6 AS p99_ms,
    sum(own_ns) / nullIf(any(whole_ns), 0) AS share
FROM shared
GROUP BY ${groups}
ORDER BY ${times}share DESC NULLS LAST, ${groups}

-- The newest traces, or the newest of those whose answer is ungrounded; without those that are what judging cost, whose
-- ids begin with the bytes of "groundjg".
WITH
    listed AS
    (
        SELECT trace.*, answer.*
        FROM
        (
            SELECT project, trace_id, first_start, last_end, root_start
            FROM traces_once
            WHERE root_start >= {since:DateTime64(9, 'UTC')} AND root_start < {until:DateTime64(9, 'UTC')}
                AND ({project:String} = '' OR project = {project:String}) AND ({suspects:Bool} OR NOT clock_suspect)
        ) AS trace
        LEFT JOIN
        (
            SELECT
                project AS answer_project, trace_id AS answer_trace_id, status, ungrounded, ungrounded_probability,
                contradicted_claims, unsupported_claims
            FROM answers_newest
        ) AS answer ON answer_project = trace.project AND answer_trace_id = trace.trace_id
        WHERE (NOT {ungrounded:Bool} OR answer.ungrounded) AND NOT startsWith(trace.trace_id, '67726f756e646a67')
        ORDER BY trace.root_start DESC, trace.trace_id
        LIMIT {limit:UInt32}
    ),
    named AS
    (
        SELECT
            project,
            trace_id,
            argMin((span.name, span.service, span.version), (parent_span_id != '', start_time)) AS root
        FROM spans_once AS span
        WHERE start_time >= (SELECT min(first_start) FROM listed) AND start_time <= (SELECT max(last_end) FROM listed)
            AND (project, trace_id) IN (SELECT project, trace_id FROM listed)
        GROUP BY project, trace_id
    )
SELECT
    listed.project AS project,
    listed.trace_id AS trace_id,
    replaceOne(toString(listed.root_start), ' ', 'T') || 'Z' AS root_start,
    named.root.2 AS service,
    named.root.3 AS version,
    named.root.1 AS name,
    nullIf(listed.status, '') AS status,
    if(isNull(status), NULL, listed.ungrounded) AS ungrounded,
    if(isNull(status), NULL, listed.ungrounded_probability) AS ungrounded_probability,
    if(isNull(status), NULL, listed.contradicted_claims) AS contradicted_claims,
    if(isNull(status), NULL, listed.unsupported_claims) AS unsupported_claims
FROM listed
INNER JOIN named ON named.project = listed.project AND named.trace_id = listed.trace_id
ORDER BY listed.root_start DESC, trace_id

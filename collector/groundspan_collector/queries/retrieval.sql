-- Whether retrieval found what was relevant (exact, where relevant ids were given), and whether answers stand on what
-- it found (proxy, from the judge). A request is a trace with a retrieve or a rerank; its result is the one that ended
-- last without an error. {k}: only the first k chunks count; 0: all.
WITH
    1.959963984540054 AS z,
    (rate, n) -> (rate + z * z / (2 * n)) / (1 + z * z / n) AS middle,
    (rate, n) -> z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n) AS half_width,
    (rate, n) -> if(isNull(rate), NULL, greatest(0., least(rate, middle(rate, n) - half_width(rate, n)))) AS low,
    (rate, n) -> if(isNull(rate), NULL, least(1., greatest(rate, middle(rate, n) + half_width(rate, n)))) AS high,
    traces AS
    (
        SELECT project, trace_id, first_start, last_end, root_start
        FROM traces_once
        WHERE root_start >= {since:DateTime64(9, 'UTC')} AND root_start < {until:DateTime64(9, 'UTC')}
            AND ({project:String} = '' OR project = {project:String}) AND ({suspects:Bool} OR NOT clock_suspect)
    ),
    retrievals AS
    (
        SELECT
            project,
            trace_id,
            argMinIf(span.service, span.start_time, span.service != '') AS service,
            argMinIf(span.version, span.start_time, span.version != '') AS version,
            argMinIf(span.environment, span.start_time, span.environment != '') AS environment,
            argMinIf(span.session, span.start_time, span.session != '') AS session,
            argMinIf(span.user, span.start_time, span.user != '') AS user,
            argMaxIf(span.provider, span.start_time, stage = 'generate' AND span.provider != '') AS provider,
            argMaxIf(span.model, span.start_time, stage = 'generate' AND span.model != '') AS model,
            argMaxIf(
                (span.chunks.id, span.chunks.hash, span.segments),
                (status != 'error', start_time + toIntervalNanosecond(duration_ns), stage = 'rerank', span_id),
                stage IN ('retrieve', 'rerank')) AS last,
            last.1 AS ids,
            last.3 AS segments,
            groupUniqArrayArray(relevant_ids) AS relevant_ids_of_request
        FROM spans_once AS span
        WHERE start_time >= (SELECT min(first_start) FROM traces) AND start_time <= (SELECT max(last_end) FROM traces)
            AND (project, trace_id) IN (SELECT project, trace_id FROM traces)
        GROUP BY project, trace_id
        HAVING countIf(stage IN ('retrieve', 'rerank')) > 0
    ),
    supports AS
    (
        SELECT project, trace_id, groupUniqArray(assumeNotNull(chunk_hash)) AS hashes
        FROM verdicts_newest
        WHERE verdict = 'supported' AND isNotNull(chunk_hash)
            AND (project, trace_id) IN (SELECT project, trace_id FROM traces)
        GROUP BY project, trace_id
    ),
    judged AS
    (
        SELECT project, trace_id, 1 AS is_judged
        FROM answers_newest
        WHERE status = 'judged' AND (project, trace_id) IN (SELECT project, trace_id FROM traces)
    ),
    -- What was called relevant once the request was over.
    labelled_later AS
    (
        SELECT project, trace_id, groupUniqArrayArray(JSONExtract(explanation, 'Array(String)')) AS relevant_ids
        FROM evaluations_once
        WHERE name = 'relevant_ids' AND (project, trace_id) IN (SELECT project, trace_id FROM traces)
        GROUP BY project, trace_id
    ),
    requests AS
    (
        SELECT
            retrieval.* EXCEPT project,
            retrieval.project AS project,
            trace.root_start AS root_start,
            arrayConcat(relevant_ids_of_request, later.relevant_ids) AS labels,
            notEmpty(labels) AS is_labelled,
            is_labelled AND hasAny(labels, if({k:UInt32} = 0, ids, arraySlice(ids, 1, {k:UInt32})))
                AS is_hit,
            judged.is_judged AS is_judged,
            is_judged AND hasAny(supports.hashes, if({k:UInt32} = 0, last.2, arraySlice(last.2, 1, {k:UInt32})))
                AS is_proxy_hit
        FROM retrievals AS retrieval
        INNER JOIN traces AS trace ON trace.project = retrieval.project AND trace.trace_id = retrieval.trace_id
        LEFT JOIN judged ON judged.project = retrieval.project AND judged.trace_id = retrieval.trace_id
        LEFT JOIN labelled_later AS later ON later.project = retrieval.project AND later.trace_id = retrieval.trace_id
        LEFT JOIN supports ON supports.project = retrieval.project AND supports.trace_id = retrieval.trace_id
    ),
    counted AS
    (
        SELECT
            ${by},
            count() AS requests,
            countIf(empty(ids)) AS empty_results,
            avg(length(ids)) AS mean_chunks,
            countIf(is_labelled) AS hit_rate_n,
            countIf(is_hit) / nullIf(hit_rate_n, 0) AS hit_rate,
            countIf(is_judged) AS proxy_hit_rate_n,
            countIf(is_proxy_hit) / nullIf(proxy_hit_rate_n, 0) AS proxy_hit_rate
        FROM requests
        GROUP BY ${groups}
    )
SELECT
    ${groups},
    requests, empty_results, mean_chunks,
    hit_rate,
    low(hit_rate, hit_rate_n) AS hit_rate_low,
    high(hit_rate, hit_rate_n) AS hit_rate_high,
    hit_rate_n,
    proxy_hit_rate,
    low(proxy_hit_rate, proxy_hit_rate_n) AS proxy_hit_rate_low,
    high(proxy_hit_rate, proxy_hit_rate_n) AS proxy_hit_rate_high,
    proxy_hit_rate_n
FROM counted
ORDER BY ${times}${groups}

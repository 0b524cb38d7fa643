-- model_calls made again, with what our own judges asked of models: spans of the scope groundspan.judge, stage evaluate.
-- What is paid for: the model calls of the traces whose root started in [since, until), each once, with its cost.
-- A function that embeds or reranks without naming a model, a provider or a provider's usage is no model call.
-- Of a wrapper and the call of the same stage inside it, the inner one counts, unless the outer's usage is surer; and a
-- call that is less sure counts if its wrapper does not, because of another call inside it that is surer.
CREATE OR REPLACE VIEW model_calls AS
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
        SELECT *, isNotNull(input_tokens) OR isNotNull(output_tokens) AS has_usage,
            multiIf(NOT has_usage, 0, tokens_source IN ('tokenizer', 'estimate'), 1, 2) AS surety,
            (stage IN ('generate', 'embed', 'rerank') OR scope = 'groundspan.judge')
                AND (surety = 2 OR provider != '' OR model != '') AS is_call
        FROM spans_once
        WHERE start_time >= (SELECT min(first_start) FROM traces) AND start_time <= (SELECT max(last_end) FROM traces)
            AND (project, trace_id) IN (SELECT project, trace_id FROM traces)
    ),
    -- A call that has calls of its stage above it: of every two, one is counted elsewhere. The fold climbs from the
    -- call to the root, at most 100 steps, and stops at a cycle; a call that is its own ancestor has none.
    counted_elsewhere AS
    (
        SELECT project, trace_id, arrayJoin(arrayConcat(wrappers, arrayMap(
            pair -> pair.2, arrayFilter(pair -> NOT has(wrappers, pair.1), less_sure)))) AS span_id
        FROM
        (
            SELECT project, trace_id,
                groupUniqArrayArray(arrayFilter(
                    id -> inner.surety >= spans[id].surety, above)) AS wrappers,
                groupArrayArray(arrayMap(id -> (id, inner.span_id), arrayFilter(
                    id -> spans[id].surety > inner.surety, above))) AS less_sure
            FROM
            (
                SELECT project, trace_id, inner, spans, arrayFilter(
                    id -> spans[id].called_stage = inner.stage, arrayFold(
                    (climb, step) -> multiIf(
                        climb.1 = inner.span_id, ('', emptyArrayString()),
                        climb.1 = '' OR has(climb.2, climb.1), ('', climb.2),
                        (spans[climb.1].parent, arrayPushBack(climb.2, climb.1))),
                    range(100), (inner.parent, emptyArrayString())).2) AS above
                FROM
                (
                    SELECT project, trace_id,
                        CAST((groupArray(span_id), groupArray((parent_span_id, if(is_call, stage, ''), surety))),
                            'Map(String, Tuple(parent String, called_stage String, surety UInt8))') AS spans,
                        CAST(groupArrayIf((span_id, parent_span_id, stage, surety), is_call AND parent_span_id != ''),
                            'Array(Tuple(span_id String, parent String, stage String, surety UInt8))') AS calls
                    FROM selected
                    GROUP BY project, trace_id
                    HAVING uniqExactIf(stage, is_call) < countIf(is_call)
                )
                ARRAY JOIN calls AS inner
            )
            GROUP BY project, trace_id
        )
    )
SELECT
    call.project AS project, call.trace_id AS trace_id, call.span_id AS span_id, trace.root_start AS root_start,
    call.start_time AS start_time, call.duration_ns AS duration_ns, call.stage AS stage, call.service AS service,
    call.version AS version, call.environment AS environment, call.provider AS provider, call.model AS model,
    call.session AS session, call.user AS user, call.segments AS segments, call.status AS status,
    call.input_tokens AS input_tokens, call.output_tokens AS output_tokens,
    call.cache_read_tokens AS cache_read_tokens, call.cache_write_tokens AS cache_write_tokens,
    call.reasoning_tokens AS reasoning_tokens, call.emitted_cost_usd AS emitted_cost_usd,
    toUInt32(toUnixTimestamp(call.start_time) % 86400) AS second_of_day,
    arrayFirst(p -> p.valid_from <= call.start_time
        AND (p.above_input_tokens = 0 OR call.input_tokens > p.above_input_tokens)
        AND multiIf(
            p.daily_from_s = p.daily_until_s, true,
            p.daily_from_s < p.daily_until_s, second_of_day >= p.daily_from_s AND second_of_day < p.daily_until_s,
            second_of_day >= p.daily_from_s OR second_of_day < p.daily_until_s), price.dated_prices) AS in_force,
    ifNull(call.cache_read_tokens, 0) AS cache_read,
    ifNull(call.cache_write_tokens, 0) AS cache_write,
    ifNull(call.reasoning_tokens, 0) AS reasoning,
    multiIf(
        NOT call.has_usage, 'no_usage',
        empty(price.dated_prices), 'price_pending',
        cache_read + cache_write > ifNull(call.input_tokens, 0) OR reasoning > ifNull(call.output_tokens, 0),
            'inconsistent_usage',
        in_force.unpriced_reason) AS unpriced_reason,
    if(unpriced_reason != '', NULL,
        toDecimal128(ifNull(call.input_tokens, 0) - cache_read - cache_write, 0) * in_force.input_usd
        + toDecimal128(cache_read, 0) * in_force.cache_read_usd
        + toDecimal128(cache_write, 0) * in_force.cache_write_usd
        + toDecimal128(ifNull(call.output_tokens, 0) - reasoning, 0) * in_force.output_usd
        + toDecimal128(reasoning, 0) * in_force.reasoning_usd
        + in_force.request_usd) AS cost_usd,
    in_force.source AS price_source,
    in_force.priced_as AS priced_as
FROM selected AS call
INNER JOIN traces AS trace ON trace.project = call.project AND trace.trace_id = call.trace_id
LEFT JOIN prices_newest AS price ON price.provider = call.provider AND price.model = call.model
WHERE call.is_call
    AND (call.project, call.trace_id, call.span_id) NOT IN (SELECT project, trace_id, span_id FROM counted_elsewhere)

-- Spans as emitters spell them -> the columns of `spans` but received_at. ONE SELECT, in which nothing may throw on data:
-- what cannot be converted is NULL or empty. Made from dialects.py by decode/__init__.py. Names in capitals are
-- computed once; planning this SELECT costs more than running it on a small group, so it is kept short.
WITH
    -- JSON, in which traces are shown, has no word for the others.
    score -> if(isFinite(score), score, NULL) AS finite,
    m -> if(notEmpty(m.parts),
        arrayStringConcat(arrayMap(p -> p.content, arrayFilter(p -> p.type = 'text', m.parts)), '\n'),
        if(startsWith(m.content, '[{'),
            arrayStringConcat(arrayMap(p -> if(p.text != '', p.text, p.content),
                JSONExtract(m.content, 'Array(Tuple(text String, content String))')), '\n'),
            m.content)) AS message_text,
    prefix -> arraySort(arrayDistinct(arrayMap(
        k -> toUInt32OrZero(splitByChar('.', substring(k, length(prefix) + 1))[1]),
        arrayFilter(k -> startsWith(k, prefix), mapKeys(a))))) AS numbers_after,
    stem -> if(a[concat(stem, '.message.content')] != '',
        a[concat(stem, '.message.content')],
        arrayStringConcat(arrayMap(
            i -> a[concat(stem, '.message.contents.', toString(i), '.message_content.text')],
            numbers_after(concat(stem, '.message.contents.'))), '\n')) AS flat_message_text
SELECT
    if(${project} != '', ${project}, 'default') AS project,
    lower(hex(s.trace_id)) AS trace_id,
    lower(hex(s.span_id)) AS span_id,
    if(s.parent_span_id = unhex('0000000000000000'), '', lower(hex(s.parent_span_id))) AS parent_span_id,
    s.name AS name,
    transform(s.kind, [1, 2, 3, 4, 5], ['internal', 'server', 'client', 'producer', 'consumer'], '') AS kind,
    fromUnixTimestamp64Nano(toInt64(s.start_time_unix_nano), 'UTC') AS start_time,
    if(s.end_time_unix_nano > s.start_time_unix_nano, s.end_time_unix_nano - s.start_time_unix_nano, 0) AS duration_ns,
    transform(s.status.code, [1, 2], ['ok', 'error'], 'unset') AS status,
    s.status.message AS status_message,
    ${error_type} AS error_type,
    ${service} AS service,
    ${version} AS version,
    ${environment} AS environment,
    scope,
    dialect,
    ${stage} AS stage,
    ${operation} AS operation,
    ${provider} AS provider,
    if(${model} != '', ${model}, ${request_model}) AS model,
    ${request_model} AS request_model,
    -- Emitters of which the cached tokens are not among the input's.
    coalesce(CACHED > ${input_tokens}, false) AS tokens_normalized,
    ${input_tokens} + if(tokens_normalized, CACHED, 0) AS input_tokens,
    ${output_tokens} AS output_tokens,
    ${cache_read_tokens} AS cache_read_tokens,
    ${cache_write_tokens} AS cache_write_tokens,
    ${reasoning_tokens} AS reasoning_tokens,
    if(${tokens_source} = '' AND isNotNull(${input_tokens}), 'provider', ${tokens_source}) AS tokens_source,
    ${emitted_cost_usd} AS emitted_cost_usd,
    ${time_to_first_token_ns} AS time_to_first_token_ns,
    ${finish_reasons} AS finish_reasons,
    multiIf(
        a['gen_ai.retrieval.query.text'] != '', a['gen_ai.retrieval.query.text'],
        notEmpty(INPUT_MESSAGES), message_text(arrayLast(m -> m.role = 'user', INPUT_MESSAGES)),
        dialect != 'openinference', '',
        a['llm.input_messages.0.message.role'] != '', flat_message_text(concat('llm.input_messages.', toString(
            arrayLast(i -> a[concat('llm.input_messages.', toString(i), '.message.role')] = 'user',
                numbers_after('llm.input_messages.'))))),
        a['input.mime_type'] != 'application/json', a['input.value'],
        a['reranker.query']) AS query,
    multiIf(
        notEmpty(OUTPUT_MESSAGES), message_text(OUTPUT_MESSAGES[1]),
        dialect != 'openinference', '',
        a['llm.output_messages.0.message.role'] != '', flat_message_text('llm.output_messages.0'),
        a['output.mime_type'] != 'application/json', a['output.value'],
        '') AS output,
    multiIf(
        match(DOCUMENTS, '^\\s*\\[\\s*"'),
            arrayMap(text -> ('', CAST(NULL, 'Nullable(Float64)'), text, ''), JSONExtract(DOCUMENTS, 'Array(String)')),
        DOCUMENTS != '',
            arrayMap(d -> (d.id, finite(d.score),
                if(d.content != '', d.content, if(d.text != '', d.text, d.page_content)),
                JSONExtractString(d.metadata, 'source')), JSONExtract(DOCUMENTS, '${documents_type}')),
        dialect = 'openinference',
            arrayMap(d -> (a[concat(d, 'id')], finite(toFloat64OrNull(a[concat(d, 'score')])), a[concat(d, 'content')],
                JSONExtractString(a[concat(d, 'metadata')], 'source')),
            arrayMap(i -> concat(FLAT_DOCUMENTS, toString(i), '.document.'), numbers_after(FLAT_DOCUMENTS))),
        []) AS chunks,
    ${context_span_ids} AS context_span_ids,
    ${relevant_ids} AS relevant_ids,
    if(${top_k} < 4294967296, toUInt32(${top_k}), NULL) AS top_k,
    ${session} AS session,
    ${user} AS user,
    mapFromArrays(arrayMap(k -> substring(k, ${segment_prefix_length} + 1), SEGMENT_KEYS),
        arrayMap(k -> a[k], SEGMENT_KEYS)) AS segments,
    if(notEmpty(chunks), mapFilter((k, v) -> NOT ${is_document_key}, a), a) AS attributes,
    resource_attributes,
    arrayMap(e -> (fromUnixTimestamp64Nano(toInt64(least(e.time_unix_nano, 9223372036854775807)), 'UTC'), e.name,
        mapFromArrays(e.attributes.key, arrayMap(v -> ${value_text}, e.attributes.value))), s.events) AS events,
    arrayMap(l -> (lower(hex(l.trace_id)), lower(hex(l.span_id))), s.links) AS links,
    s.dropped_attributes_count AS dropped_attributes
FROM
(
    SELECT
        s, scope, a, resource_attributes, COLUMNS,
        -- From 10^12 on it is no count but a fault, and a few of them would overflow every sum.
        arrayMap(text -> if(toFloat64OrNull(text) < 1e12,
            coalesce(toUInt64OrNull(text), accurateCastOrNull(toFloat64OrNull(text), 'UInt64')), NULL),
            ${counts}) AS COUNTS,
        coalesce(${cache_read_tokens}, 0) + coalesce(${cache_write_tokens}, 0) AS CACHED,
        ${dialect} AS dialect,
        JSONExtract(a['gen_ai.input.messages'], '${messages_type}') AS INPUT_MESSAGES,
        JSONExtract(a['gen_ai.output.messages'], '${messages_type}') AS OUTPUT_MESSAGES,
        if(a['groundspan.context.documents'] != '', a['groundspan.context.documents'],
            a['gen_ai.retrieval.documents']) AS DOCUMENTS,
        if(dialect = 'openinference' AND arrayExists(k -> startsWith(k, 'reranker.output_documents.'), mapKeys(a)),
            'reranker.output_documents.', 'retrieval.documents.') AS FLAT_DOCUMENTS,
        arrayFilter(k -> startsWith(k, ${segment_prefix}), mapKeys(a)) AS SEGMENT_KEYS
    FROM
    (
        -- One pass over the attributes: a key's place says which column it feeds, and before which other keys.
        SELECT *, mapFromArrays(arrayMap(placed -> intDiv(placed.1, ${keys_per_column}), PLACED), PLACED.2) AS COLUMNS
        FROM
        (
            SELECT *, arraySort(placed -> placed.1, arrayFilter(placed -> placed.1 != 0 AND placed.2 != '', arrayMap(
                (key, value) -> (transform(key, ${keys}, ${places}, toUInt16(0)), value),
                arrayConcat(mapKeys(a), arrayMap(key -> concat('resource ', key), mapKeys(resource_attributes))),
                arrayConcat(mapValues(a), mapValues(resource_attributes))))) AS PLACED
            FROM (${decode})
        )
    )
)

-- Spans as emitters spell them -> the columns that say what was sent. ONE SELECT, in which nothing may throw on data: what
-- cannot be converted is NULL or empty. Made from dialects.py and stages.py by decode/__init__.py. Names in capitals are
-- computed once.
-- No lambda may read `a`: the engine copies what a lambda reads for each element, and a span of long conversations would
-- become gigabytes.
WITH
    -- Of the attributes p0.x, p0.y, p1.x the groups [(0, '.x', …), (0, '.y', …)], [(1, '.x', …)].
    prefix -> arraySort(e -> e.1, arrayMap(
        e -> (toUInt32OrZero(substringIndex(substring(e.1, length(prefix) + 1), '.', 1)),
            substring(e.1, length(prefix) + 1 + length(substringIndex(substring(e.1, length(prefix) + 1), '.', 1))), e.2),
        arrayFilter(e -> startsWith(e.1, prefix), PAIRS))) AS numbered,
    prefix -> arraySplit((e, step) -> step != 0, numbered(prefix), arrayDifference(arrayMap(e -> e.1, numbered(prefix))))
        AS by_number
SELECT
    multiIf(token_project != '', token_project, ${project} != '', ${project}, 'default') AS project,
    trace_id, span_id, parent_span_id, name, kind, start_time, duration_ns, status, status_message,
    ${error_type} AS error_type,
    ${service} AS service,
    ${version} AS version,
    ${environment} AS environment,
    scope,
    dialect,
    stage,
    ${operation} AS operation,
    -- The AI SDK names the provider's API as well: openai.chat.
    if(dialect = 'vercel', substringIndex(${provider}, '.', 1), ${provider}) AS provider,
    if(${model} != '', ${model}, ${request_model}) AS model,
    ${request_model} AS request_model,
    -- Emitters of which the cached tokens are not among the input's; the AI SDK 4 and 5 count as the provider does.
    if(isNull(${input_tokens}), isNotNull(${exclusive_input_tokens}) AND CACHED > 0,
        CACHED > ${input_tokens} OR CACHED > 0 AND startsWith(${operation}, 'ai.')
            AND match(${provider}, 'anthropic|bedrock') AND a['ai.usage.inputTokenDetails.noCacheTokens'] = ''
    ) AS tokens_normalized,
    coalesce(${input_tokens}, ${exclusive_input_tokens}) + if(tokens_normalized, CACHED, 0) AS input_tokens,
    coalesce(${output_tokens}, ${exclusive_output_tokens} + coalesce(${reasoning_tokens}, 0)) AS output_tokens,
    ${cache_read_tokens} AS cache_read_tokens,
    ${cache_write_tokens} AS cache_write_tokens,
    ${reasoning_tokens} AS reasoning_tokens,
    if(${tokens_source} = '' AND isNotNull(input_tokens), 'provider', ${tokens_source}) AS tokens_source,
    coalesce(${emitted_cost_usd}, ${emitted_input_usd} + ${emitted_output_usd}) AS emitted_cost_usd,
    accurateCastOrNull(round(coalesce(
        ${time_to_first_token_ns},
        toFloat64OrNull(${first_chunk_ms}) * 1e6,
        nullIf(FIRST_TOKEN_AT, 0) - toUnixTimestamp64Nano(start_time))), 'UInt64') AS time_to_first_token_ns,
    ${finish_reasons} AS finish_reasons,
    multiIf(
        ${asked} != '', ${asked},
        arrayExists(m -> m.1 IN ('user', 'human'), TALKS[1]),
            arrayLast(m -> m.1 IN ('user', 'human') AND m.2 != '', TALKS[1]).2,
        TALKS[1][1].1 = '', TALKS[1][1].2,
        '') AS query,
    if(dialect = 'logfire' AND TEXTS[2] = '',
        arrayLast(m -> m.1 = 'assistant', TALKS[1]).2,
        arrayFirst(m -> m.2 != '', TALKS[2]).2) AS output,
    -- JSON, in which traces are shown, has no word for a score that is not finite.
    arrayMap(d -> (reinterpretAsUInt128(sipHash128(d.3)), d.1,
        if(isFinite(toFloat64OrNull(d.2)), toFloat64OrNull(d.2), NULL), JSONExtractString(d.4, 'source')),
        DOCUMENTS) AS chunks,
    arrayMap(d -> d.3, DOCUMENTS) AS chunk_texts,
    ${context_span_ids} AS context_span_ids,
    ${relevant_ids} AS relevant_ids,
    if(${top_k} < 4294967296, toUInt32(${top_k}), NULL) AS top_k,
    ${session} AS session,
    ${user} AS user,
    -- The Langfuse SDK writes JSON: "gold".
    mapFromArrays(arrayMap(e -> replaceRegexpOne(e.1, ${segment_prefix}, ''), SEGMENTS),
        arrayMap(e -> if(startsWith(e.1, 'langfuse.') AND JSONExtractString(e.2) != '', JSONExtractString(e.2), e.2),
            SEGMENTS)) AS segments,
    if(notEmpty(chunks), mapFilter((k, v) -> NOT ${is_document_key}, a), a) AS attributes,
    resource_attributes,
    events,
    links,
    dropped_attributes,
    cut_attributes,
    fromUnixTimestamp64Nano(received_at_ns, 'UTC') AS received_at
FROM
(
    SELECT *,
        -- Who said what, in what was given and in what came back: numbered attributes, else JSON, else a text.
        arrayMap((text, messages) -> arrayMap(
            m -> (m.1, if(startsWith(m.2, '[{'),
                arrayStringConcat(arrayMap(p -> if(p.text != '', p.text, p.content),
                    JSONExtract(m.2, 'Array(Tuple(text String, content String))')), '\n'),
                m.2)),
            multiIf(
                messages[1][1].1 = 0 AND arrayExists(e -> e.2 = concat(FLAT_MESSAGE, 'role') AND e.3 != '', messages[1]),
                    arrayMap(message -> (arrayFirst(e -> e.2 = concat(FLAT_MESSAGE, 'role'), message).3,
                        if(arrayExists(e -> e.2 = concat(FLAT_MESSAGE, 'content') AND e.3 != '', message),
                            arrayFirst(e -> e.2 = concat(FLAT_MESSAGE, 'content'), message).3,
                            arrayStringConcat(arrayMap(e -> e.3, arraySort(
                                e -> toUInt32OrZero(extract(e.2, '[0-9]+')),
                                arrayFilter(e -> startsWith(e.2, '.message.contents.') AND endsWith(e.2, '.message_content.text'),
                                    message))), '\n'))), messages),
                match(text, '^\\s*(\\{\\s*["}]|\\[\\s*[\\[{"\\]])'),
                    arrayMap(m -> (if(m.role = '', m.message.role, m.role), if(notEmpty(m.parts),
                        arrayStringConcat(arrayMap(p -> if(p.content != '', p.content, p.text),
                            arrayFilter(p -> p.type IN ('text', ''), m.parts)), '\n'),
                        arrayFirst(said -> said != '', [m.content, m.message.content, m.text, m.prompt,
                            m.combined_chunk_content, m.args[1], mapValues(m.kwargs)[1]]))),
                    JSONExtract(multiIf(
                        NOT startsWith(text, '{'), text,
                        JSONHas(text, 'messages'), JSONExtractRaw(text, 'messages'),
                        concat('[', text, ']')), '${messages_type}')),
                [('', if(startsWith(text, '"') AND JSONExtractString(text) != '', JSONExtractString(text), text))])),
            [TEXTS[1], TEXTS[2]], [by_number(FLAT_INPUT), by_number(FLAT_OUTPUT)]) AS TALKS,
        -- Id, score, text, metadata.
        multiIf(
            match(TEXTS[3], '^\\s*\\[\\s*"'),
                arrayMap(text -> ('', '', text, ''), JSONExtract(TEXTS[3], 'Array(String)')),
            TEXTS[3] != '',
                arrayMap(d -> (d.id, d.score, if(d.content != '', d.content, if(d.text != '', d.text, d.page_content)),
                    d.metadata), JSONExtract(TEXTS[3], '${documents_type}')),
            dialect = 'openinference',
                arrayMap(d -> (
                    arrayFirst(e -> e.2 = '.document.id', d).3, arrayFirst(e -> e.2 = '.document.score', d).3,
                    arrayFirst(e -> e.2 = '.document.content', d).3, arrayFirst(e -> e.2 = '.document.metadata', d).3),
                by_number(FLAT_DOCUMENTS)),
            stage = 'retrieve',
                arrayMap(e -> (e.3[concat(e.2, '.id')], e.3[concat(e.2, '.score')],
                    arrayFirst(text -> text != '', arrayMap(key -> e.3[concat(e.2, key)],
                        ['.document', '.entity', '.metadata'])), e.3[concat(e.2, '.metadata')]),
                arrayFilter(e -> e.2 IN ('db.query.result', 'db.search.result'), events)),
            []) AS DOCUMENTS
    FROM
    (
        SELECT
            * EXCEPT (ELSEWHERE, PLACED, SAID),
            -- From 10^12 on it is no count but a fault, and a few of them would overflow every sum.
            arrayMap(text -> if(toFloat64OrNull(text) < 1e12,
                coalesce(toUInt64OrNull(text), accurateCastOrNull(toFloat64OrNull(text), 'UInt64')), NULL),
                ${counts}) AS COUNTS,
            coalesce(${cache_read_tokens}, 0) + coalesce(${cache_write_tokens}, 0) AS CACHED,
            dialect IN (${result_is_documents}) AND stage IN ('retrieve', 'rerank') AS GIVES_DOCUMENTS,
            dialect = 'openinference' AND stage IN ('chain', 'agent') AND match(${result}, ${object_in_python}) AS GIVES_OBJECT,
            -- JSON that its writer should not have written: numbers it has no word for, halves of a character.
            arrayMap(text -> if(NOT match(text, '^\\s*[\\[{]') OR isValidJSON(text), text, replaceRegexpAll(replaceRegexpAll(
                replaceRegexpAll(replaceRegexpAll(text,
                    '([\\[:,]\\s*)(?:-?Infinity|NaN|-?[0-9.]+[eE]\\+?(?:30[89]|3[1-9][0-9]|[4-9][0-9]{2}|[0-9]{4,}))', '\\1null'),
                    '\\\\u([dD][89abAB][0-9a-fA-F]{2})\\\\u([dD][c-fC-F][0-9a-fA-F]{2})', '\\\\U\\1\\\\U\\2'),
                    '\\\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\\\\ufffd'),
                    '\\\\U([dD][89a-fA-F][0-9a-fA-F]{2})', '\\\\u\\1')),
                [${given}, if(GIVES_DOCUMENTS OR GIVES_OBJECT, '', ${result}), if(GIVES_DOCUMENTS, ${result}, ${documents})]) AS TEXTS,
            if(${first_chunk_at} != '',
                toUnixTimestamp64Nano(parseDateTime64BestEffortOrNull(trim(BOTH '"' FROM ${first_chunk_at}), 9, 'UTC')),
                toUnixTimestamp64Nano(arrayFirst(e -> e.2 IN (${first_token_events}), events).1)) AS FIRST_TOKEN_AT,
            if(dialect = 'openinference', 'llm.input_messages.', 'gen_ai.prompt.') AS FLAT_INPUT,
            if(dialect = 'openinference', 'llm.output_messages.', 'gen_ai.completion.') AS FLAT_OUTPUT,
            if(dialect = 'openinference', '.message.', '.') AS FLAT_MESSAGE,
            if(dialect = 'openinference' AND arrayExists(k -> startsWith(k, 'reranker.output_documents.'), mapKeys(a)),
                'reranker.output_documents.', 'retrieval.documents.') AS FLAT_DOCUMENTS,
            arrayFilter((e, k) -> ${is_segment_key}, PAIRS, mapKeys(a)) AS SEGMENTS
        FROM
        (
            SELECT *,
                mapFromArrays(arrayMap(placed -> intDiv(placed.1, ${keys_per_column}), PLACED), PLACED.2) AS COLUMNS,
                ${dialect} AS dialect,
                arrayFirst(word -> word != '', arrayMap(placed -> transform(placed.2, ${stage_words}, ''),
                    arrayFilter(placed -> intDiv(placed.1, ${keys_per_column}) IN (${stage_columns}), PLACED))) AS SAID,
                multiIf(
                    SAID = 'generate' AND endsWith(name, ${call_to_be}), 'chain',
                    SAID != '', SAID,
                    has(${vector_stores}, lower(a['db.system'])),
                        if(match(lower(concat(name, a['db.operation'])), 'query|search'), 'retrieve', 'other'),
                    dialect IN ('', 'groundspan', 'openinference'), 'other',
                    a['gen_ai.tool.name'] != '', 'tool',
                    a['agent_name'] != '', 'agent',
                    a['gen_ai.retrieval.query.text'] != '' OR a['gen_ai.retrieval.documents'] != '', 'retrieve',
                    a['gen_ai.embeddings.dimension.count'] != '', 'embed',
                    a['gen_ai.request.model'] != '' OR a['gen_ai.output.messages'] != '', 'generate', 'other') AS stage
            FROM
            (
                -- One pass over the attributes: a key's place says which column it feeds, and before which other keys.
                SELECT *, arraySort(placed -> placed.1, arrayFilter(placed -> placed.1 != 0 AND placed.2 != '', arrayMap(
                    (key, value) -> (transform(key, ${keys}, ${places}, toUInt16(0)), value),
                    arrayConcat(mapKeys(a), arrayMap(key -> concat('resource ', key), mapKeys(resource_attributes)),
                        ELSEWHERE.1),
                    arrayConcat(mapValues(a), mapValues(resource_attributes), ELSEWHERE.2)))) AS PLACED
                FROM
                (
                    -- Keys with a space in them: see dialects.py. Of several events of one name the last comes first.
                    SELECT *, arrayConcat(
                        arrayFlatten(arrayMap(e -> arrayMap((key, value) -> (concat(e.2, ' ', key), value),
                            mapKeys(e.3), mapValues(e.3)), arrayReverse(events))),
                        arrayFlatten(arrayMap(e -> arrayMap(found -> (concat(e.1, ' ', found[1]), found[2]),
                            extractAllGroupsVertical(e.2, '"(\\w+)"\\s*:\\s*([0-9][0-9.eE+-]*)')),
                            arrayFilter(e -> has(${numbers_in}, e.1), PAIRS)))) AS ELSEWHERE,
                        arrayZip(mapKeys(a), mapValues(a)) AS PAIRS
                    FROM (${decode})
                )
            )
        )
    )
)

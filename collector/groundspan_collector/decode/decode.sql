-- One row per span of the groups in a file of length-delimited messages.
-- Attribute values become text; of a list, a JSON list. What the engine's reader cannot follow (maps, lists in
-- lists) was made JSON text before: decode/structured.py.
SELECT
    lower(hex(s.trace_id)) AS trace_id,
    lower(hex(s.span_id)) AS span_id,
    if(s.parent_span_id = unhex('0000000000000000'), '', lower(hex(s.parent_span_id))) AS parent_span_id,
    s.name AS name,
    transform(s.kind, [1, 2, 3, 4, 5], ['internal', 'server', 'client', 'producer', 'consumer'], '') AS kind,
    fromUnixTimestamp64Nano(toInt64(s.start_time_unix_nano), 'UTC') AS start_time,
    if(s.end_time_unix_nano > s.start_time_unix_nano, s.end_time_unix_nano - s.start_time_unix_nano, 0) AS duration_ns,
    transform(s.status.code, [1, 2], ['ok', 'error'], 'unset') AS status,
    s.status.message AS status_message,
    scope,
    mapFromArrays(ra.key, arrayMap(v -> ${value_text}, ra.value)) AS resource_attributes,
    mapFromArrays(s.attributes.key, arrayMap(v -> ${value_text}, s.attributes.value)) AS a,
    arrayMap(e -> (fromUnixTimestamp64Nano(toInt64(least(e.time_unix_nano, 9223372036854775807)), 'UTC'), e.name,
        mapFromArrays(e.attributes.key, arrayMap(v -> ${value_text}, e.attributes.value))), s.events) AS events,
    arrayMap(l -> (lower(hex(l.trace_id)), lower(hex(l.span_id))), s.links) AS links,
    s.dropped_attributes_count AS dropped_attributes,
    s.cut_attributes AS cut_attributes,
    token_project,
    received_at_ns
FROM
(
    SELECT token_project, received_at_ns, rs.resource.attributes AS ra, ss.scope.name AS scope, arrayJoin(ss.spans) AS s
    FROM
    (
        SELECT token_project, received_at_ns, rs, arrayJoin(rs.scope_spans) AS ss
        FROM (SELECT token_project, received_at_ns, arrayJoin(resource_spans) AS rs FROM file(${path}, 'Protobuf', ${structure}))
    )
)

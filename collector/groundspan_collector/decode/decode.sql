-- One row per span of the requests in a file of length-delimited ExportTraceServiceRequests.
-- Attribute values become text; of a list, a JSON list. What the engine's reader cannot follow (maps, lists in
-- lists) was made JSON text before: decode/structured.py.
SELECT
    s,
    scope,
    mapFromArrays(ra.key, arrayMap(v -> ${value_text}, ra.value)) AS resource_attributes,
    mapFromArrays(s.attributes.key, arrayMap(v -> ${value_text}, s.attributes.value)) AS a
FROM
(
    SELECT rs.resource.attributes AS ra, ss.scope.name AS scope, arrayJoin(ss.spans) AS s
    FROM
    (
        SELECT rs, arrayJoin(rs.scope_spans) AS ss
        FROM (SELECT arrayJoin(resource_spans) AS rs FROM file(${path}, 'Protobuf', ${structure}))
    )
)

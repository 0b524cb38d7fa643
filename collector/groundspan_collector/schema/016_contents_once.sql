-- What log events say of a span: the last question and the first choice. An event that came twice changes nothing.
CREATE VIEW IF NOT EXISTS contents_once AS
SELECT
    project, trace_id, span_id,
    argMaxIf(contents.query, (time, position), contents.query != '') AS query,
    argMinIf(contents.output, (position, time), contents.output != '') AS output,
    max(contents.received_at) AS received_at
FROM contents
GROUP BY project, trace_id, span_id

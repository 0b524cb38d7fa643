-- Where some traces lie in time.
SELECT project, trace_id, first_start, last_end
FROM traces_once
WHERE project IN {projects:Array(String)} AND trace_id IN {trace_ids:Array(String)}

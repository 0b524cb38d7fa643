-- The traces whose id begins with {prefix}; two are enough to know that it is not unique.
SELECT
    project,
    trace_id,
    toString(first_start) AS first_start,
    toString(last_end) AS last_end,
    toString(root_start) AS root_start,
    toString(root_start + toIntervalNanosecond(1)) AS root_start_next
FROM traces_once
WHERE startsWith(trace_id, {prefix:String}) AND ({project:String} = '' OR project = {project:String})
ORDER BY trace_id, project
LIMIT 2

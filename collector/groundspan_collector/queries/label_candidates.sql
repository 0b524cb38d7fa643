-- The same answers, in an order that {seed} makes: the first of each cell are the sample.
SELECT
    project, trace_id, input_hash, root_start, judge, judge_version, ${cell} AS cell,
    cityHash64('order', {seed:String}, project, trace_id) AS place
FROM answers_newest
WHERE status = 'judged' AND answer != '' AND root_start >= {since:DateTime64(9, 'UTC')} AND root_start < {until:DateTime64(9, 'UTC')}
    AND ({project:String} = '' OR project = {project:String})
    AND ({suspects:Bool} OR (project, trace_id) NOT IN (SELECT project, trace_id FROM traces_once WHERE clock_suspect))
    AND (project, trace_id) NOT IN
    (
        SELECT project, trace_id FROM evaluations_once WHERE name = 'groundspan.label'
            AND score_label IN ('grounded', 'ungrounded')
    )
ORDER BY cell, cityHash64('draw', {seed:String}, project, trace_id)
LIMIT {most:UInt32} BY cell

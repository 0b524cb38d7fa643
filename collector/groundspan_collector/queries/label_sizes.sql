-- How many judged answers of a window wait for a label, by the judge's call and probability.
SELECT ${cell} AS cell, count() AS answers
FROM answers_newest
WHERE status = 'judged' AND root_start >= {since:DateTime64(9, 'UTC')} AND root_start < {until:DateTime64(9, 'UTC')}
    AND ({project:String} = '' OR project = {project:String})
    AND ({suspects:Bool} OR (project, trace_id) NOT IN (SELECT project, trace_id FROM traces_once WHERE clock_suspect))
    AND (project, trace_id) NOT IN
    (
        SELECT project, trace_id FROM evaluations_once WHERE name = 'groundspan.label'
            AND score_label IN ('grounded', 'ungrounded')
    )
GROUP BY cell
ORDER BY cell

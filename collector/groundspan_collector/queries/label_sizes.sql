-- How many judged answers of a window have no label yet, by the judge's call and probability. Those whose text is kept
-- no longer cannot be looked at.
SELECT ${cell} AS cell, count() AS answers
FROM answers_newest
WHERE status = 'judged' AND answer != '' AND root_start >= {since:DateTime64(9, 'UTC')} AND root_start < {until:DateTime64(9, 'UTC')}
    AND ({project:String} = '' OR project = {project:String})
    AND ({suspects:Bool} OR (project, trace_id) NOT IN (SELECT project, trace_id FROM traces_once WHERE clock_suspect))
    AND (project, trace_id) NOT IN
    (
        SELECT project, trace_id FROM evaluations_once WHERE name = 'groundspan.label'
            AND score_label IN ('grounded', 'ungrounded')
    )
GROUP BY cell
ORDER BY cell

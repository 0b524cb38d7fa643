-- Answers of a window that another judge has not judged yet, in the order of the table's key. `line` is the newest
-- judgement that was made as the answer arrived; what the other judge failed on is to be judged again.
SELECT
    project, trace_id, line.1 AS root_start, line.2 AS last_received, line.3 AS sample_ratio, line.4 AS input_hash,
    line.5 AS judge, line.6 AS judge_version
FROM
(
    SELECT
        project, trace_id,
        argMaxIf(
            (answer.root_start, answer.last_received, sample_ratio, input_hash, judge, judge_version, status),
            (answer.last_received, judged_at), NOT beside) AS line,
        groupArrayIf(
            input_hash, judge = {judge:String} AND judge_version = {version:String} AND status != 'unjudged'
        ) AS judged
    FROM (SELECT * FROM answers FINAL) AS answer
    WHERE (project, trace_id) > ({after_project:String}, {after_trace_id:String})
        AND answer.root_start >= {since:DateTime64(9, 'UTC')} AND answer.root_start < {until:DateTime64(9, 'UTC')}
        AND ({project:String} = '' OR project = {project:String})
        AND cityHash64(trace_id) % {parts:UInt32} = {part:UInt32}
    GROUP BY project, trace_id
)
WHERE line.7 IN ('judged', 'no_context', 'abstained', 'no_claims', 'unjudged') AND NOT has(judged, line.4)
ORDER BY project, trace_id
LIMIT {most:UInt32}

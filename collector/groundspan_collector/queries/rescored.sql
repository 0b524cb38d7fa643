-- How many answers of a window there are for another judge, and how many of them it has judged.
SELECT count() AS total, countIf(has(judged, line.1)) AS done
FROM
(
    SELECT
        argMaxIf((input_hash, status), (last_received, judged_at), NOT beside) AS line,
        groupArrayIf(
            input_hash, judge = {judge:String} AND judge_version = {version:String} AND status != 'unjudged'
        ) AS judged
    FROM (SELECT * FROM answers FINAL) AS answer
    WHERE root_start >= {since:DateTime64(9, 'UTC')} AND root_start < {until:DateTime64(9, 'UTC')}
        AND ({project:String} = '' OR project = {project:String})
        AND cityHash64(trace_id) % {parts:UInt32} = {part:UInt32}
    GROUP BY project, trace_id
)
WHERE line.2 IN ('judged', 'no_context', 'abstained', 'no_claims', 'unjudged')

-- Labels of judged answers, the newest of each, with the newest draw that the answer was in, and whether it is in the
-- window. A label that names no input_hash (one that came as an evaluation) is of the answer as it is now.
WITH
    answer AS
    (
        SELECT
            ${by},
            project AS answer_project, trace_id AS answer_trace_id, toString(input_hash) AS answer_hash,
            root_start AS at, judge AS answer_judge, judge_version AS answer_judge_version, ${cell} AS cell,
            root_start >= {since:DateTime64(9, 'UTC')} AND root_start < {until:DateTime64(9, 'UTC')}
                AND ({suspects:Bool}
                    OR (project, trace_id) NOT IN (SELECT project, trace_id FROM traces_once WHERE clock_suspect))
                AS is_in_window
        FROM answers_newest
        WHERE status = 'judged' AND ({project:String} = '' OR project = {project:String})
            AND trace_id IN (SELECT trace_id FROM evaluations_once WHERE name = 'groundspan.label')
    ),
    label AS
    (
        SELECT
            project AS label_project, trace_id AS label_trace_id,
            argMax((score_label, attributes['input_hash']), (time, received_at)) AS said
        FROM evaluations_once
        WHERE name = 'groundspan.label' AND score_label IN ('grounded', 'ungrounded')
            AND ({project:String} = '' OR project = {project:String})
        GROUP BY label_project, label_trace_id
    ),
    drawn AS
    (
        SELECT
            project AS draw_project, trace_id AS draw_trace_id, toString(input_hash) AS draw_hash, draw,
            judge AS draw_judge, judge_version AS draw_judge_version, cell AS draw_cell, cell_answers,
            since AS draw_since, until AS draw_until
        FROM label_draws FINAL
        WHERE {project:String} = '' OR project = {project:String}
        ORDER BY drawn_at DESC
        LIMIT 1 BY project, trace_id, input_hash
    )
SELECT
    ${groups}, at, cell, is_in_window, said.1 = 'ungrounded' AS is_ungrounded,
    said.2 IN ('', answer_hash) AS is_of_this_answer,
    draw, draw_judge, draw_judge_version, draw_cell, cell_answers, draw_since, draw_until,
    answer_judge = draw_judge AND answer_judge_version = draw_judge_version AS is_same_judge
FROM answer
INNER JOIN label ON label_project = answer_project AND label_trace_id = answer_trace_id
LEFT JOIN drawn ON draw_project = answer_project AND draw_trace_id = answer_trace_id AND draw_hash = answer_hash
ORDER BY at DESC, answer_trace_id
LIMIT {most:UInt32}

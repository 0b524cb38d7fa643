-- All judgements of some traces' answers.
SELECT * FROM answers FINAL
WHERE project IN {projects:Array(String)} AND trace_id IN {trace_ids:Array(String)}

-- The newest judgement of a trace's answer.
SELECT
    span_id, context_span_id, judge, judge_version, status, reason, ungrounded, ungrounded_probability, question,
    answer, service, version, provider, model
FROM answers_newest
WHERE project = {project:String} AND trace_id = {trace_id:String}

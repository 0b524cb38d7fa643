-- What the model calls of one trace cost.
SELECT span_id, call.cost_usd AS cost_usd, call.unpriced_reason AS unpriced_reason
FROM model_calls(
    since = {root_start:DateTime64(9, 'UTC')}, until = {root_start_next:DateTime64(9, 'UTC')},
    project = {project:String}, suspects = true) AS call
WHERE trace_id = {trace_id:String}

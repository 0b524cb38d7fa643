-- Tokens and money of the model calls. cost_usd is the sum of the calls that have a price; the others are counted.
SELECT
    ${by},
    count() AS calls,
    sum(input_tokens) AS input_tokens,
    sum(cache_read_tokens) AS cache_read_tokens,
    sum(cache_write_tokens) AS cache_write_tokens,
    sum(output_tokens) AS output_tokens,
    sum(reasoning_tokens) AS reasoning_tokens,
    sum(call.cost_usd) AS cost_usd,
    sumIf(call.cost_usd, call.stage = 'evaluate') AS evaluation_cost_usd,
    countIf(isNull(call.cost_usd)) AS unpriced_calls
FROM model_calls(
    since = {since:DateTime64(9, 'UTC')}, until = {until:DateTime64(9, 'UTC')}, project = {project:String},
    suspects = {suspects:Bool}) AS call
GROUP BY ${groups}
ORDER BY ${times}cost_usd DESC NULLS LAST, calls DESC, ${groups}

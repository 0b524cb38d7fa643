-- How many claims, and how many answers, do not stand on what was retrieved.
-- Answers: Wilson's interval at 95 %. Claims: the same interval at the effective number of claims, because those of
-- one answer stand and fall together: claims / deff, where deff is the variance of the rate over answers (linearised)
-- to that of independent claims. With few answers that have the rarer kind of claim, deff cannot be seen: it is
-- averaged with one answer's worth of the worst case, in which all claims of an answer have one verdict.
-- Where answers were sampled, each stands for 1 / its sample's ratio; counts are of what was judged.
WITH
    1.959963984540054 AS z,
    (rate, n) -> (rate + z * z / (2 * n)) / (1 + z * z / n) AS middle,
    (rate, n) -> z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n) AS half_width,
    (rate, n) -> if(isNull(rate), NULL, greatest(0., least(rate, middle(rate, n) - half_width(rate, n)))) AS low,
    (rate, n) -> if(isNull(rate), NULL, least(1., greatest(rate, middle(rate, n) + half_width(rate, n)))) AS high,
    each AS
    (
        SELECT
            *,
            status = 'judged' AS is_judged,
            1 / greatest(sample_ratio, 1e-9) AS weight,
            if(is_judged, contradicted_claims + unsupported_claims, 0) AS bad,
            if(is_judged, supported_claims + bad, 0) AS n,
            weight * bad AS weighed_bad,
            weight * n AS weighed_n
        FROM answers_newest
        WHERE root_start >= {since:DateTime64(9, 'UTC')} AND root_start < {until:DateTime64(9, 'UTC')}
            AND ({project:String} = '' OR project = {project:String})
            AND ({suspects:Bool}
                OR (project, trace_id) NOT IN (SELECT project, trace_id FROM traces_once WHERE clock_suspect))
            AND status IN ('judged', 'no_context', 'abstained', 'no_claims', 'unjudged')
    ),
    counted AS
    (
        SELECT
            ${by},
            count() AS answers,
            countIf(is_judged) AS judged,
            countIf(status = 'no_context') AS no_context,
            countIf(status = 'abstained') AS abstained,
            countIf(status = 'no_claims') AS no_claims,
            countIf(status = 'unjudged') AS unjudged,
            sum(n) AS judged_claims,
            sum(bad) AS ungrounded_claims,
            sumIf(each.contradicted_claims, is_judged) AS contradicted_claims,
            sumIf(each.unsupported_claims, is_judged) AS unsupported_claims,
            sumIf(each.unjudged_claims, status IN ('judged', 'unjudged')) AS unjudged_claims,
            countIf(is_judged AND ungrounded) AS ungrounded_answers,
            sumMapIf([(judge, judge_version, ${cell})], [weight], is_judged) AS cells,
            sum(weighed_bad) / nullIf(sum(weighed_n), 0) AS claim_rate,
            sumIf(weight, is_judged AND ungrounded) / nullIf(sumIf(weight, is_judged), 0) AS answer_rate,
            pow(sumIf(weight, is_judged), 2) / nullIf(sumIf(pow(weight, 2), is_judged), 0) AS effective_answers,
            countIf(n > 0) AS clusters,
            least(countIf(bad > 0), countIf(bad < n)) AS clusters_of_the_rarer,
            judged_claims * sum(pow(weighed_n, 2)) / nullIf(pow(sum(weighed_n), 2), 0) AS worst_deff,
            sum(pow(weighed_bad, 2)) - 2 * claim_rate * sum(weighed_bad * weighed_n)
                + pow(claim_rate, 2) * sum(pow(weighed_n, 2)) AS residuals,
            pow(sum(weighed_n), 2) * claim_rate * (1 - claim_rate) / nullIf(judged_claims, 0) AS independent,
            ifNull(clusters / nullIf(clusters - 1, 0) * residuals / nullIf(independent, 0), worst_deff) AS seen_deff,
            judged_claims / greatest(1, (clusters_of_the_rarer * seen_deff + worst_deff) / (clusters_of_the_rarer + 1))
                AS effective_claims
        FROM each
        GROUP BY ${groups}
    )
SELECT
    ${groups},
    answers, judged, no_context, abstained, no_claims, unjudged,
    judged_claims, ungrounded_claims, contradicted_claims, unsupported_claims, unjudged_claims,
    claim_rate AS ungrounded_claim_rate,
    low(claim_rate, effective_claims) AS ungrounded_claim_rate_low,
    high(claim_rate, effective_claims) AS ungrounded_claim_rate_high,
    ungrounded_answers,
    answer_rate AS ungrounded_answer_rate,
    low(answer_rate, effective_answers) AS ungrounded_answer_rate_low,
    high(answer_rate, effective_answers) AS ungrounded_answer_rate_high,
    cells
FROM counted
ORDER BY ${times}${groups}

-- Each pair of judges, over the answers that both judged with the same inputs. The interval of the difference is that of
-- paired proportions (Agresti and Min): half an answer is added to each kind of disagreement.
WITH
    1.959963984540054 AS z,
    judged_by_several AS
    (
        SELECT
            ${by}, project, trace_id, input_hash,
            groupArray((
                concat(judge, ' ', judge_version), toUInt64(ungrounded),
                toUInt64(contradicted_claims + unsupported_claims),
                toUInt64(supported_claims + contradicted_claims + unsupported_claims)
            )) AS judgements
        FROM (SELECT * FROM answers FINAL) AS answer
        WHERE answer.root_start >= {since:DateTime64(9, 'UTC')} AND answer.root_start < {until:DateTime64(9, 'UTC')}
            AND ({project:String} = '' OR project = {project:String})
            AND ({suspects:Bool}
                OR (project, trace_id) NOT IN (SELECT project, trace_id FROM traces_once WHERE clock_suspect))
            AND status = 'judged'
        GROUP BY ${groups}, project, trace_id, input_hash
        HAVING length(judgements) > 1
    ),
    pairs AS
    (
        SELECT
            ${groups},
            arrayJoin(arrayFilter(
                pair -> pair.1.1 < pair.2.1,
                arrayFlatten(arrayMap(one -> arrayMap(other -> (one, other), judgements), judgements))
            )) AS pair
        FROM judged_by_several
    ),
    counted AS
    (
        SELECT
            ${groups},
            pair.1.1 AS first_judge,
            pair.2.1 AS second_judge,
            count() AS n,
            countIf(pair.1.2 = 1 AND pair.2.2 = 1) AS both,
            countIf(pair.1.2 = 1 AND pair.2.2 = 0) AS first_alone,
            countIf(pair.1.2 = 0 AND pair.2.2 = 1) AS second_alone,
            (both + first_alone) / n AS first_rate,
            (both + second_alone) / n AS second_rate,
            1 - (first_alone + second_alone) / n AS agreement,
            first_rate * second_rate + (1 - first_rate) * (1 - second_rate) AS by_chance,
            (second_alone - first_alone) / (n + 2) AS shifted,
            z * sqrt(first_alone + second_alone + 1 - pow(second_alone - first_alone, 2) / (n + 2)) / (n + 2) AS half_width,
            sum(pair.1.3) / nullIf(sum(pair.1.4), 0) AS first_of_claims,
            sum(pair.2.3) / nullIf(sum(pair.2.4), 0) AS second_of_claims
        FROM pairs
        GROUP BY ${groups}, first_judge, second_judge
    )
SELECT
    ${groups}, first_judge, second_judge, n AS answers,
    both AS both_ungrounded, first_alone AS only_first, second_alone AS only_second,
    n - both - first_alone - second_alone AS both_grounded,
    agreement AS agreement_rate,
    (agreement - by_chance) / nullIf(1 - by_chance, 0) AS kappa,
    first_rate AS first_answer_rate,
    second_rate AS second_answer_rate,
    (second_alone - first_alone) / n AS difference_rate,
    greatest(-1, shifted - half_width) AS difference_rate_low,
    least(1, shifted + half_width) AS difference_rate_high,
    first_of_claims AS first_claim_rate,
    second_of_claims AS second_claim_rate
FROM counted
ORDER BY ${times}${groups}, first_judge, second_judge

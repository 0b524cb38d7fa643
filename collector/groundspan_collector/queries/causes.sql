-- Where the ungrounded claims of judged answers failed.
SELECT
    ${by},
    count() AS judged,
    sum(contradicted_claims + unsupported_claims) AS ungrounded_claims,
    sum(causes['not_retrieved']) AS not_retrieved,
    sum(causes['dropped']) AS dropped,
    sum(causes['ignored']) AS ignored,
    sum(causes['contradicted']) AS contradicted,
    sum(causes['should_have_abstained']) AS should_have_abstained,
    greatest(0, toInt64(ungrounded_claims)
        - toInt64(not_retrieved + dropped + ignored + contradicted + should_have_abstained)) AS unknown
FROM answers_newest
WHERE root_start >= {since:DateTime64(9, 'UTC')} AND root_start < {until:DateTime64(9, 'UTC')}
    AND ({project:String} = '' OR project = {project:String})
    AND ({suspects:Bool} OR (project, trace_id) NOT IN (SELECT project, trace_id FROM traces_once WHERE clock_suspect))
    AND status = 'judged'
GROUP BY ${groups}
ORDER BY ${times}${groups}

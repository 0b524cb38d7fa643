-- (provider, model) of model calls received since then that have no row in prices yet, not even one without a price.
SELECT DISTINCT provider, model
FROM spans
WHERE received_at >= {since:DateTime64(9)} AND (stage IN ('generate', 'embed', 'rerank') OR scope = 'groundspan.judge')
    AND (provider != '' OR model != '')
    AND (provider, model) NOT IN (SELECT provider, model FROM prices)

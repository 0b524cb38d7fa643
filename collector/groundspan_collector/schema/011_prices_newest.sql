-- The newest version of each pair's prices, the row to be preferred first.
CREATE VIEW IF NOT EXISTS prices_newest AS
SELECT
    provider,
    model,
    arrayReverseSort(price -> (price.rank, price.above_input_tokens), groupArray(CAST(
        (rank, above_input_tokens, valid_from, daily_from_s, daily_until_s, input_usd, cache_read_usd,
            cache_write_usd, output_usd, reasoning_usd, request_usd, source, priced_as, unpriced_reason),
        'Tuple(rank UInt16, above_input_tokens UInt64, valid_from DateTime64(9, \'UTC\'), daily_from_s UInt32,
            daily_until_s UInt32, input_usd Nullable(Decimal(38, 18)), cache_read_usd Nullable(Decimal(38, 18)),
            cache_write_usd Nullable(Decimal(38, 18)), output_usd Nullable(Decimal(38, 18)),
            reasoning_usd Nullable(Decimal(38, 18)), request_usd Nullable(Decimal(38, 18)), source String,
            priced_as String, unpriced_reason String)'))) AS dated_prices
FROM (SELECT * FROM prices FINAL)
WHERE (provider, model, version) IN (SELECT provider, model, max(version) FROM prices GROUP BY provider, model)
GROUP BY provider, model

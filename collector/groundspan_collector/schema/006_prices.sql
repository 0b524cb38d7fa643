-- Dated prices of a (provider, model) as spans spell it. Of the rows in force at a call's start, the highest
-- (version, rank, above_input_tokens) prices all its tokens. No price: NULLs and the reason.
CREATE TABLE IF NOT EXISTS prices
(
    provider LowCardinality(String),
    model String,
    version UInt32,
    rank UInt16,
    above_input_tokens UInt64,
    valid_from DateTime64(9, 'UTC'),
    daily_from_s UInt32,
    daily_until_s UInt32,
    input_usd Nullable(Decimal(38, 18)),
    cache_read_usd Nullable(Decimal(38, 18)),
    cache_write_usd Nullable(Decimal(38, 18)),
    output_usd Nullable(Decimal(38, 18)),
    reasoning_usd Nullable(Decimal(38, 18)),
    request_usd Nullable(Decimal(38, 18)),
    source String,
    priced_as String,
    unpriced_reason LowCardinality(String),
    inserted_at DateTime64(9, 'UTC')
)
ENGINE = ReplacingMergeTree(inserted_at)
ORDER BY (provider, model, version, rank, above_input_tokens)

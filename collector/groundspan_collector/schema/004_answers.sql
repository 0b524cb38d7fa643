-- One row per judged answer; its dimensions are copied in so that reports need no join. Read through answers_newest.
CREATE TABLE IF NOT EXISTS answers
(
    project LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    root_start DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    span_id String,
    context_span_id String,
    service LowCardinality(String),
    version LowCardinality(String),
    environment LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    session String,
    user String,
    segments Map(LowCardinality(String), String),
    judge LowCardinality(String),
    judge_version LowCardinality(String),
    input_hash UInt128,
    status LowCardinality(String),
    reason String,
    ungrounded Bool,
    ungrounded_probability Float64,
    question String CODEC(ZSTD(1)),
    answer String CODEC(ZSTD(1)),
    chunks UInt32,
    claims UInt32,
    supported_claims UInt32,
    contradicted_claims UInt32,
    unsupported_claims UInt32,
    unjudged_claims UInt32,
    attempts UInt8,
    last_received DateTime64(9, 'UTC'),
    judged_at DateTime64(9, 'UTC')
)
ENGINE = ReplacingMergeTree(judged_at)
PARTITION BY toYYYYMM(root_start)
ORDER BY (project, trace_id, judge, judge_version)

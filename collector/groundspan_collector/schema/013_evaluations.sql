-- Scores and labels that somebody else gave to a span, a trace or a response, one row per receipt; read through
-- evaluations_once.
CREATE TABLE IF NOT EXISTS evaluations
(
    project LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    name LowCardinality(String),
    score_value Nullable(Float64),
    score_label LowCardinality(String),
    explanation String CODEC(ZSTD(1)),
    response_id String CODEC(ZSTD(1)),
    source LowCardinality(String),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    received_at DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toYYYYMMDD(time)
ORDER BY (project, trace_id, span_id, response_id, name, source, time)
-- An acknowledged row survives a power cut: fsync.
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1

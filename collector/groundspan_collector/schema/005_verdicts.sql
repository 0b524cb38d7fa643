-- One row per claim of one judgement. Written before its answer, and reached only through it.
CREATE TABLE IF NOT EXISTS verdicts
(
    project LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    root_start DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    judge LowCardinality(String),
    judge_version LowCardinality(String),
    input_hash UInt128,
    claim UInt32,
    start UInt32,
    end UInt32,
    text String CODEC(ZSTD(1)),
    verdict LowCardinality(String),
    support Float64,
    reason String CODEC(ZSTD(1)),
    chunk Nullable(UInt32),
    chunk_hash Nullable(UInt128),
    chunk_id String,
    chunk_source String,
    evidence_start Nullable(UInt32),
    evidence_end Nullable(UInt32),
    judged_at DateTime64(9, 'UTC')
)
ENGINE = ReplacingMergeTree(judged_at)
PARTITION BY toYYYYMM(root_start)
ORDER BY (project, trace_id, judge, judge_version, input_hash, claim)

-- Texts of model calls that came in log events, one row per receipt of an event; they complete the span they belong
-- to when it is read, through contents_once.
CREATE TABLE IF NOT EXISTS contents
(
    project LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    event LowCardinality(String),
    time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    position UInt32,
    query String CODEC(ZSTD(1)),
    output String CODEC(ZSTD(1)),
    raw String CODEC(ZSTD(1)),
    received_at DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toYYYYMMDD(time)
ORDER BY (project, trace_id, span_id, event, time, cityHash64(raw))
-- An acknowledged row survives a power cut: fsync.
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1

-- What emitters measured, one row per receipt of a data point; read through metric_points_once.
CREATE TABLE IF NOT EXISTS metric_points
(
    project LowCardinality(String),
    service LowCardinality(String),
    name LowCardinality(String),
    unit LowCardinality(String),
    kind LowCardinality(String),
    temporality LowCardinality(String),
    is_monotonic Bool,
    time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    start_time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    value Nullable(Float64) CODEC(ZSTD(1)),
    count Nullable(UInt64) CODEC(ZSTD(1)),
    sum Nullable(Float64) CODEC(ZSTD(1)),
    bucket_counts Array(UInt64) CODEC(ZSTD(1)),
    bounds Array(Float64) CODEC(ZSTD(1)),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource_attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    received_at DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toYYYYMMDD(time)
ORDER BY (project, name, service, toStartOfHour(time), cityHash64(attributes, resource_attributes), time)
-- An acknowledged row survives a power cut: fsync.
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1

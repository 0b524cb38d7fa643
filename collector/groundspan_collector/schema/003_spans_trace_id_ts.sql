-- A trace's place in time, and whether it has text to judge. A corrected span starts a new epoch of its trace, since a
-- minimum cannot be taken back; read through traces_once, which gives the newest. Grafana finds the table by its suffix
-- and reads the columns TraceId, Start and End, hence their spelling.
CREATE TABLE IF NOT EXISTS spans_trace_id_ts
(
    project LowCardinality(String),
    TraceId String CODEC(ZSTD(1)),
    epoch UInt32,
    Start SimpleAggregateFunction(min, DateTime64(9, 'UTC')),
    End SimpleAggregateFunction(max, DateTime64(9, 'UTC')),
    root_start SimpleAggregateFunction(min, Nullable(DateTime64(9, 'UTC'))),
    clock_suspect SimpleAggregateFunction(max, UInt8),
    answerable SimpleAggregateFunction(max, UInt8),
    last_received SimpleAggregateFunction(max, DateTime64(9, 'UTC')),
    INDEX last_received last_received TYPE minmax GRANULARITY 1
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(Start)
ORDER BY (project, TraceId, epoch)
-- Every group looks its traces up here by id: small granules. An acknowledged row survives a power cut: fsync.
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1

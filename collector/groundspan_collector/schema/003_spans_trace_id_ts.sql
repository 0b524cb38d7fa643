-- A trace's place in time, and whether it has text to judge. Grafana finds the table by its suffix and reads
-- the columns TraceId, Start and End, hence their spelling.
CREATE TABLE IF NOT EXISTS spans_trace_id_ts
(
    project LowCardinality(String),
    TraceId String CODEC(ZSTD(1)),
    Start SimpleAggregateFunction(min, DateTime64(9, 'UTC')),
    End SimpleAggregateFunction(max, DateTime64(9, 'UTC')),
    root_start SimpleAggregateFunction(min, Nullable(DateTime64(9, 'UTC'))),
    answerable SimpleAggregateFunction(max, UInt8),
    last_received SimpleAggregateFunction(max, DateTime64(9, 'UTC')),
    INDEX last_received last_received TYPE minmax GRANULARITY 1
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(Start)
ORDER BY (project, TraceId)

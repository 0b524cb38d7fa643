-- Answers that were drawn for labelling, and by what chance: a label counts for as many answers as it stands for. The
-- labels themselves are evaluations named groundspan.label.
CREATE TABLE IF NOT EXISTS label_draws
(
    project LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    input_hash UInt128,
    draw String,
    root_start DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    judge LowCardinality(String),
    judge_version LowCardinality(String),
    cell UInt8,
    cell_answers UInt64,
    inclusion_probability Float64,
    since DateTime64(9, 'UTC'),
    until DateTime64(9, 'UTC'),
    drawn_at DateTime64(9, 'UTC')
)
ENGINE = ReplacingMergeTree(drawn_at)
PARTITION BY toYYYYMM(root_start)
ORDER BY (project, trace_id, input_hash, draw)
-- What was drawn is on the disk before a person begins to label it.
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1

"""How the schema lies on a cluster: every statement is the engine's own language, and every table has its place."""

import re

import pytest
from groundspan_collector.schema import migrate
from groundspan_collector.schema.layout import EVERYWHERE, SHARDED_BY, VIEWS_OF_A_SHARD, Layout
from groundspan_collector.schema.migrate import Migration
from groundspan_collector.store import Store

CLUSTER = Layout("spans_of_all", "prod")
STATEMENTS = [
    (f"{migration.number:03}-{number}", statement)
    for migration in [Migration(0, "schema_migrations", migrate.APPLIED), *migrate.shipped()]
    for number, statement in enumerate(CLUSTER.statements(migration.sql))
]
MADE = re.compile(r"CREATE (?:OR REPLACE )?(TABLE|VIEW) (?:IF NOT EXISTS )?(\w+)")


def parsed(store: Store, sql: str) -> str:
    """*sql* as the engine writes it after parsing."""
    (row,) = store.rows("SELECT formatQuerySingleLine({sql:String}) AS sql", {"sql": sql})
    return str(row["sql"])


@pytest.mark.parametrize("statement", [sql for _, sql in STATEMENTS], ids=[name for name, _ in STATEMENTS])
def test_statement_for_a_cluster_is_the_engines_language(store: Store, statement: str) -> None:
    """It parses, reaches every node, and may be run again."""
    understood = parsed(store, statement)

    assert " ON CLUSTER prod " in understood
    assert "IF NOT EXISTS" in understood or understood.startswith(("ALTER TABLE", "CREATE OR REPLACE"))


def test_table_is_replicated_and_distributed_on_a_cluster() -> None:
    """The rows of a trace lie on one shard."""
    local, distributed = CLUSTER.statements(
        "-- why\nCREATE TABLE IF NOT EXISTS spans (a Int8) ENGINE = MergeTree ORDER BY a"
    )

    assert local == (
        "CREATE TABLE IF NOT EXISTS spans_local ON CLUSTER 'prod' (a Int8) ENGINE = ReplicatedMergeTree ORDER BY a"
    )
    assert distributed == (
        "CREATE TABLE IF NOT EXISTS spans ON CLUSTER 'prod' AS spans_of_all.spans_local "
        "ENGINE = Distributed('prod', 'spans_of_all', 'spans_local', xxHash64(trace_id))"
    )


def test_every_shipped_table_and_view_has_its_place() -> None:
    """None is forgotten when one is added; a view that is not held in shards is evaluated over Distributed tables."""
    made = {match[2]: match[1] for migration in migrate.shipped() for match in MADE.finditer(migration.sql)}
    tables = {name for name, kind in made.items() if kind == "TABLE"}
    views = {name for name, kind in made.items() if kind == "VIEW"}

    assert tables == set(SHARDED_BY) | EVERYWHERE - {"schema_migrations"}
    assert views >= VIEWS_OF_A_SHARD


def test_views_of_a_shard_read_that_shard_alone() -> None:
    """A Distributed table inside would ask all shards once for each shard."""
    for migration in migrate.shipped():
        match = MADE.search(migration.sql)
        if match and match[2] in VIEWS_OF_A_SHARD:
            sources = re.findall(r"\b(?:FROM|JOIN) (\w+)", CLUSTER.statements(migration.sql)[0])
            assert sources, migration.name
            assert all(name.endswith("_local") for name in sources), (migration.name, sources)


def test_rows_that_merge_have_one_shard(store: Store) -> None:
    """The sharding key is made of columns by which the engine merges."""
    for table, key in SHARDED_BY.items():
        (row,) = store.rows(
            "SELECT sorting_key FROM system.tables WHERE database = 'groundspan' AND name = {table:String}",
            {"table": table},
        )
        columns = set(re.findall(r"\w+", key)) - {"xxHash64"}
        assert columns <= set(re.findall(r"\w+", str(row["sorting_key"]))), table


def test_column_is_added_to_both_tables_on_a_cluster() -> None:
    """What is no column stands in the table with the rows alone."""
    assert CLUSTER.statements("ALTER TABLE spans ADD COLUMN IF NOT EXISTS a Int8") == [
        "ALTER TABLE spans_local ON CLUSTER 'prod' ADD COLUMN IF NOT EXISTS a Int8",
        "ALTER TABLE spans ON CLUSTER 'prod' ADD COLUMN IF NOT EXISTS a Int8",
    ]
    assert CLUSTER.statements("ALTER TABLE spans MODIFY SETTING index_granularity = 1") == [
        "ALTER TABLE spans_local ON CLUSTER 'prod' MODIFY SETTING index_granularity = 1"
    ]


@pytest.mark.parametrize(
    "sql", ["CREATE TABLE IF NOT EXISTS forgotten (a Int8) ENGINE = MergeTree", "DROP TABLE spans"]
)
def test_statement_without_a_layout_is_refused(sql: str) -> None:
    """When it is written, not on somebody's cluster."""
    with pytest.raises(ValueError, match="is known for"):
        CLUSTER.statements(sql)


@pytest.mark.parametrize("layout", [Layout(), CLUSTER])
@pytest.mark.parametrize(
    "change", ["ALTER TABLE {} DELETE WHERE a", "DELETE FROM {} WHERE a", "ALTER TABLE {} DROP PARTITION 20260101"]
)
def test_changes_of_rows_are_the_engines_language(store: Store, layout: Layout, change: str) -> None:
    """Retention and forgetting reach the tables that hold the rows."""
    assert layout.holding("spans") in parsed(store, change.format(layout.changing("spans")))


def test_one_server_is_given_the_files_as_they_are() -> None:
    """The statements of stores that exist, by whose checksums they are known."""
    assert [Layout().statements(migration.sql) for migration in migrate.shipped()] == [
        [migration.sql] for migration in migrate.shipped()
    ]


def test_view_that_is_made_again_is_so_on_every_node() -> None:
    """The Distributed table over it has its columns, and is made again as well."""
    local, distributed = CLUSTER.statements("-- why\nCREATE OR REPLACE VIEW spans_once AS SELECT * FROM spans FINAL")

    assert local == (
        "CREATE OR REPLACE VIEW spans_once_local ON CLUSTER 'prod' AS SELECT * FROM spans_local AS spans FINAL"
    )
    assert distributed == (
        "CREATE OR REPLACE TABLE spans_once ON CLUSTER 'prod' AS spans_of_all.spans_once_local "
        "ENGINE = Distributed('prod', 'spans_of_all', 'spans_once_local')"
    )

"""How the tables lie: whole on one server (or in the embedded engine), or in shards and replicas on a cluster. Pure.

The files of this folder are written for one server. For a cluster, a table becomes a replicated `<table>_local` on
every node and a Distributed table of the plain name over it; so every query is the same. All rows of a trace lie on one
shard: copies of a span meet there, and a view that looks at one trace at a time is evaluated where its rows are.
"""

import re
from dataclasses import dataclass
from typing import Final

SHARDED_BY: Final = {
    "answers": "xxHash64(trace_id)",
    # By what they are looked up by; a trace's chunks lie anywhere, so queries join them by GLOBAL (see server.py).
    "chunks": "xxHash64(hash)",
    "contents": "xxHash64(trace_id)",
    "evaluations": "xxHash64(trace_id)",
    "label_draws": "xxHash64(trace_id)",
    "metric_points": "xxHash64(project, service, name)",
    "spans": "xxHash64(trace_id)",
    "spans_trace_id_ts": "xxHash64(TraceId)",
    "verdicts": "xxHash64(trace_id)",
}
"""Rows that the engine merges into one have one shard: the key is made of columns of the table's ORDER BY."""

EVERYWHERE: Final = frozenset({"prices", "schema_migrations"})
"""Small, and needed beside every row: each node holds the whole table, and no shard asks another one."""

VIEWS_OF_A_SHARD: Final = frozenset(
    {
        "answers_newest",
        "contents_once",
        "evaluations_once",
        "metric_points_once",
        "spans_once",
        "traces_once",
        "verdicts_newest",
    }
)
"""Views whose rows are each made of rows of one shard: evaluated there, with the conditions of the query that asks.

Any other view is evaluated by the node that is asked, over the Distributed tables: right in every case, and slower.
"""

_CREATED = re.compile(r"CREATE (TABLE|VIEW) IF NOT EXISTS (\w+)")
_CREATED_ONCE = re.compile(r"CREATE (TABLE|VIEW) IF NOT EXISTS")
_REPLACED = re.compile(r"CREATE OR REPLACE VIEW (\w+)")
_ALTERED = re.compile(r"ALTER TABLE (\w+) ((?:ADD|DROP|MODIFY|RENAME|COMMENT) COLUMN\b)?")
_COMMENTS = re.compile(r"^\s*--.*\n?", re.MULTILINE)
_ENGINE = re.compile(r"ENGINE = (\w*MergeTree)(?:\(([^)]*)\))?")
_SOURCE = re.compile(r"\b(FROM|JOIN) (\w+)\b(?! AS )")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tables of *database* lie; without a *cluster*, whole on one server."""

    database: str = "groundspan"
    cluster: str = ""

    def statements(self, sql: str) -> list[str]:
        """What to run for a statement of the schema, in order. Raises ValueError for one of a kind not foreseen."""
        if not self.cluster:
            return [sql]
        sql = _COMMENTS.sub("", sql)
        if created := _CREATED.search(sql):
            return self._table(sql, created[2]) if created[1] == "TABLE" else self._view(sql, created[2])
        if replaced := _REPLACED.search(sql):
            created_once = sql.replace("CREATE OR REPLACE VIEW", "CREATE VIEW IF NOT EXISTS", 1)
            return [
                _CREATED_ONCE.sub(r"CREATE OR REPLACE \1", made, 1) for made in self._view(created_once, replaced[1])
            ]
        if altered := _ALTERED.match(sql.lstrip()):
            return self._altered(sql.lstrip(), altered[1], of_column=bool(altered[2]))
        raise ValueError(f"no layout on a cluster is known for {sql[:80]!r}")

    def changing(self, table: str) -> str:
        """What ALTER TABLE and DELETE FROM must name to reach all rows of *table*."""
        return f"{self.holding(table)} {self._on_cluster}" if self.cluster else table

    def holding(self, table: str) -> str:
        """The name of the table that holds the rows of *table*."""
        return f"{table}_local" if self.cluster and table in SHARDED_BY else table

    def system(self, table: str) -> str:
        """A system table, of all nodes."""
        return f"clusterAllReplicas('{self.cluster}', system.{table})" if self.cluster else f"system.{table}"

    def created_database(self) -> str:
        """The statement that makes the database."""
        on_cluster = f" {self._on_cluster}" if self.cluster else ""
        return f"CREATE DATABASE IF NOT EXISTS {self.database}{on_cluster} ENGINE = Atomic"

    @property
    def _on_cluster(self) -> str:
        return f"ON CLUSTER '{self.cluster}'"

    def _table(self, sql: str, table: str) -> list[str]:
        if table in EVERYWHERE:
            return [_ENGINE.sub(_replicated_everywhere, self._named(sql, table, table))]
        if table not in SHARDED_BY:
            raise ValueError(f"no sharding key is known for the table {table}")
        local = _ENGINE.sub(
            lambda engine: f"ENGINE = Replicated{engine[0][9:]}", self._named(sql, table, f"{table}_local")
        )
        return [local, self._distributed(table, f", {SHARDED_BY[table]}")]

    def _view(self, sql: str, view: str) -> list[str]:
        if view not in VIEWS_OF_A_SHARD:
            return [self._named(sql, view, view)]
        return [_SOURCE.sub(_of_this_shard, self._named(sql, view, f"{view}_local")), self._distributed(view)]

    def _altered(self, sql: str, table: str, *, of_column: bool) -> list[str]:
        names = [self.holding(table)] + [table] * (of_column and table in SHARDED_BY)
        return [sql.replace(f"ALTER TABLE {table}", f"ALTER TABLE {name} {self._on_cluster}", 1) for name in names]

    def _named(self, sql: str, name: str, wanted: str) -> str:
        return sql.replace(f"IF NOT EXISTS {name}", f"IF NOT EXISTS {wanted} {self._on_cluster}", 1)

    def _distributed(self, name: str, key: str = "") -> str:
        return (
            f"CREATE TABLE IF NOT EXISTS {name} {self._on_cluster} AS {self.database}.{name}_local "
            f"ENGINE = Distributed('{self.cluster}', '{self.database}', '{name}_local'{key})"
        )


def _replicated_everywhere(engine: re.Match[str]) -> str:
    # Nodes of all shards are replicas of one table: a path without the shard, and names that are unique nevertheless.
    arguments = f", {engine[2]}" if engine[2] else ""
    return (
        f"ENGINE = Replicated{engine[1]}('/clickhouse/tables/{{uuid}}/everywhere', '{{shard}}-{{replica}}'{arguments})"
    )


def _of_this_shard(source: re.Match[str]) -> str:
    name = source[2]
    held_in_shards = name in SHARDED_BY or name in VIEWS_OF_A_SHARD
    return f"{source[1]} {name}_local AS {name}" if held_in_shards else source[0]

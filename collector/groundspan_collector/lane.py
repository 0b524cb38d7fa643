"""The way of one group of requests into the tables: decoded and staged in memory -> each span once -> written.

Used by `store.py` alone; a lane takes one group at a time.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from groundspan_collector import decode, queries
from groundspan_collector.decoder import Decoder
from groundspan_collector.supersede import Conflict, Settlement, settle

OLDEST: Final = timedelta(days=30)
NEWEST: Final = timedelta(minutes=10)
"""A span that starts so long before, or after, its receipt has a clock that is wrong."""

# A lane's statements are short and look at everything: there is nothing to plan or to compile.
_SETTINGS = {
    "query_plan_enable_optimizations": 0,
    "compile_expressions": 0,
    "optimize_and_compare_chain": 0,
    "max_threads": 1,
    # One request may hold spans of any number of days.
    "max_partitions_per_insert_block": 0,
}
_CONTENT = "name, kind, parent_span_id, start_time, duration_ns, status, status_message, attributes, events, chunks"
_TRACE_COLUMNS = "project, trace_id, parent_span_id, start_time, duration_ns, clock_suspect, output, stage, received_at"
# A lane's own settings spare planning; a look-up among all that is stored needs it.
_PLANNED = " SETTINGS query_plan_enable_optimizations = 1"

_EPOCH = "transform(concat(project, ' ', trace_id), {traces:Array(String)}, {epochs:Array(UInt32)}, toUInt32(0))"

_CHUNK_TEXTS = {"chunk_texts": "Array(String)"}

# Columns that normalise.sql does not give: SQL over those that it does.
_OURS = {
    "content_hash": f"cityHash64({_CONTENT})",
    "clock_suspect": (
        "toUnixTimestamp64Nano(start_time) NOT BETWEEN toUnixTimestamp64Nano(received_at) - ${oldest_ns} "
        "AND toUnixTimestamp64Nano(received_at) + ${newest_ns}"
    ),
    "precedence": (
        "bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Nano(start_time) + duration_ns), 64), "
        "toUInt128(toUnixTimestamp64Nano(received_at)))"
    ),
    "withdrawn": "0",
}


def staging_sql(columns: Sequence[str], pipe: Path) -> str:
    """The SELECT over *pipe* that gives the *columns* of `spans`, and the chunks' texts."""
    limits = {"oldest_ns": _nanoseconds(OLDEST), "newest_ns": _nanoseconds(NEWEST)}
    values = ", ".join(_OURS.get(name, name) for name in (*columns, *_CHUNK_TEXTS))
    return f"SELECT {Template(values).substitute(limits)} FROM ({decode.normalise_sql(str(pipe))})"


class Lane:
    """One of the ways in."""

    def __init__(self, client: Client, number: int, decoder: Decoder) -> None:
        """Stage what *decoder* makes of requests' bytes; write with *client*."""
        self.client = client
        self.decoder = decoder
        self._staged = f"staged_{number}"
        self._columns: list[str] = []

    def open(self, columns: Mapping[str, str]) -> None:
        """Make the table in memory: like `spans` (*columns*: name -> type), and the chunks' texts beside the chunks.

        It is made anew at every start: it holds nothing, and follows this version's code.
        """
        for name, value in _SETTINGS.items():
            self.client.command(f"SET {name} = {value}")
        self._columns = list(columns)
        staged = ", ".join(f"{name} {kind}" for name, kind in (dict(columns) | _CHUNK_TEXTS).items())
        self.client.command(f"DROP TABLE IF EXISTS {self._staged} SYNC")
        self.client.command(f"CREATE TABLE {self._staged} ({staged}) ENGINE = Memory")
        self.decoder.plan(staging_sql(self._columns, self.decoder.pipe))

    def stage(self, bodies: Sequence[bytes], spans: int, project: str, received_at_ns: int) -> None:
        """Decode *bodies*, which hold so many *spans*, into the table in memory."""
        self.client.command(f"TRUNCATE TABLE {self._staged}")
        message = decode.group(bodies, project, received_at_ns // 1000 * 1000)
        self.decoder.insert(self._staged, [*self._columns, *_CHUNK_TEXTS], message, spans)

    def store(self) -> int:
        """Write out what was staged, each span once; how many copies were superseded.

        Spans come last: what the other tables hold is reached only through a stored span. All of it can be done again,
        after a crash in the midst of it too.
        """
        superseded = self._settle_among_themselves()
        known = self._rows("known_traces")
        settlement = settle(self._conflicts(known))
        if settlement.refused:
            self.client.command(
                f"ALTER TABLE {self._staged} DELETE WHERE (project, trace_id, span_id) IN "
                "{refused:Array(Tuple(String, String, String))}",
                parameters={"refused": sorted(settlement.refused)},
            )
        self.client.command(
            "INSERT INTO chunks (project, hash, text) SELECT DISTINCT project, hash, text "
            f"FROM {self._staged} ARRAY JOIN chunks.hash AS hash, chunk_texts AS text"
        )
        self._insert_traces(known, settlement)
        self._insert_spans(settlement)
        self.client.command(f"TRUNCATE TABLE {self._staged}")
        return superseded + settlement.superseded

    def _settle_among_themselves(self) -> int:
        """Keep the right copy of a span that is staged under several hours; how many were dropped."""
        copies = self.client.query(
            f"SELECT count() FROM (SELECT 1 FROM {self._staged} GROUP BY project, trace_id, span_id "
            "HAVING uniqExact(start_time) > 1)"
        ).result_rows[0][0]
        if copies:
            rank = "project, trace_id, span_id, {}((precedence, start_time))"
            self.client.command(
                f"ALTER TABLE {self._staged} DELETE WHERE ({rank.format('')}) NOT IN "
                f"(SELECT {rank.format('max')} FROM {self._staged} GROUP BY project, trace_id, span_id)"
            )
        return int(copies)

    def _conflicts(self, known: Sequence[Mapping[str, Any]]) -> list[Conflict]:
        if not known:
            return []
        rows = self._rows(
            "conflicts",
            {
                "projects": sorted({row["project"] for row in known}),
                "first_start_ns": min(row["first_start_ns"] for row in known),
                "last_end_ns": max(row["last_end_ns"] for row in known),
            },
        )
        return [
            Conflict(
                key=(row["project"], row["trace_id"], row["span_id"]),
                stored_start_ns=row["stored_start_ns"],
                stored_precedence=row["stored_precedence"],
                arriving_precedence=row["arriving_precedence"],
                same_hour=bool(row["same_hour"]),
                same_times=bool(row["same_times"]),
            )
            for row in rows
        ]

    def _insert_traces(self, known: Sequence[Mapping[str, Any]], settlement: Settlement) -> None:
        epochs = {
            f"{row['project']} {row['trace_id']}": row["newest_epoch"]
            + ((row["project"], row["trace_id"]) in settlement.moved)
            for row in known
        }
        changed = {trace: epoch for trace, epoch in epochs.items() if epoch}
        moved = sorted(settlement.moved)
        stored = (
            f" UNION ALL SELECT {_TRACE_COLUMNS} FROM spans_once WHERE trace_id IN {{trace_ids:Array(String)}} "
            "AND (project, trace_id) IN {moved:Array(Tuple(String, String))} AND (project, trace_id, span_id) NOT IN "
            f"(SELECT project, trace_id, span_id FROM {self._staged})"
        )
        template = Template(queries.sql("traces_of_group"))
        self.client.command(
            template.substitute(
                epoch=_EPOCH if changed else "0",
                spans=f"(SELECT {_TRACE_COLUMNS} FROM {self._staged}{stored if moved else ''})",
            )
            + (_PLANNED if moved else ""),
            parameters={
                "traces": list(changed),
                "epochs": list(changed.values()),
                "moved": moved,
                "trace_ids": [trace_id for _, trace_id in moved],
            },
        )

    def _insert_spans(self, settlement: Settlement) -> None:
        columns = ", ".join(self._columns)
        self.client.command(f"INSERT INTO spans ({columns}) SELECT {columns} FROM {self._staged}")
        if settlement.withdrawn:
            key = ["project", "trace_id", "span_id", "start_time", "precedence", "withdrawn"]
            rows = [[*c.key, c.stored_start_ns, c.arriving_precedence, 1] for c in settlement.withdrawn]
            self.client.insert("spans", rows, column_names=key)

    def _rows(self, query: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        sql = Template(queries.sql(query)).substitute(staged=self._staged) + _PLANNED
        result = self.client.query(sql, parameters=dict(parameters or {}))
        return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]


def _nanoseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1) * 1000

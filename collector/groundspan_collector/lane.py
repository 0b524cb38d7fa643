"""The way of one group of requests into the tables: decoded and staged in memory -> each span once -> written.

Used by `store.py` alone; a lane takes one group at a time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from groundspan_collector import decode, queries
from groundspan_collector.decoder import Decoder
from groundspan_collector.settings import ClockLimits
from groundspan_collector.supersede import Conflict, Settlement, SpanKey, settle
from groundspan_collector.tables import Staged, Tables

# A lane's statements are short and look at everything: there is nothing to plan or to compile.
_SETTINGS = {
    "query_plan_enable_optimizations": 0,
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
    "optimize_and_compare_chain": 0,
    "max_threads": 1,
    # Copies of a span in one group are merged later, and read as one until then: looking for them costs as much again.
    "optimize_on_insert": 0,
    # One request may hold spans of any number of days.
    "max_partitions_per_insert_block": 0,
}
MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""Decoding takes some ten times as much memory; smaller messages cost more for being one than for what is in them."""

_CONTENT = "name, kind, parent_span_id, start_time, duration_ns, status, status_message, attributes, events, chunks"
_SPAN_KEY = ("project", "trace_id", "span_id")
_TRACE_COLUMNS = ("project", "trace_id", "parent_span_id", "start_time", "duration_ns", "clock_suspect", "output",
                  "stage", "received_at")  # fmt: skip
_CHUNK = ("project", "hash", "text")
_PLACE = ("project", "TraceId", "epoch", "Start", "End", "root_start", "clock_suspect", "answerable", "last_received")
_EPOCH = "transform(concat(project, ' ', trace_id), {traces:Array(String)}, {epochs:Array(UInt32)}, toUInt32(0))"

ChunkKey = tuple[str, int]
"""Project and hash."""

_CHUNK_TEXTS = {"chunk_texts": "Array(String)"}

# Columns that normalise.sql does not give: SQL over those that it does.
_OURS = {
    "content_hash": f"cityHash64({_CONTENT})",
    "clock_suspect": (
        "toUnixTimestamp64Nano(start_time) NOT BETWEEN toUnixTimestamp64Nano(received_at) - ${past_ns} "
        "AND toUnixTimestamp64Nano(received_at) + ${ahead_ns}"
    ),
    "precedence": (
        "bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Nano(start_time) + duration_ns), 64), "
        "toUInt128(toUnixTimestamp64Nano(received_at)))"
    ),
    "withdrawn": "0",
}


def parts(bodies: Sequence[bytes], most_bytes: int) -> Iterator[Sequence[bytes]]:
    """*bodies* in parts of at most *most_bytes*, each of one body at least."""
    first = size_bytes = 0
    for number, body in enumerate(bodies):
        size_bytes += len(body)
        if size_bytes > most_bytes and number > first:
            yield bodies[first:number]
            first, size_bytes = number, len(body)
    yield bodies[first:]


def staging_sql(columns: Sequence[str], pipe: Path, clock: ClockLimits) -> str:
    """The SELECT over *pipe* that gives the *columns* of `spans`, and the chunks' texts."""
    limits = {"past_ns": clock.past_ns, "ahead_ns": clock.ahead_ns}
    # By their names the block's columns find those of the table.
    values = ", ".join(f"{_OURS[name]} AS {name}" if name in _OURS else name for name in (*columns, *_CHUNK_TEXTS))
    return f"SELECT {Template(values).substitute(limits)} FROM ({decode.normalise_sql(str(pipe))})"


class WrittenChunks:
    """The chunks that this process wrote last, and nobody erased since: a corpus repeats, and each is written once."""

    def __init__(self, most: int = 200_000) -> None:
        """Remember at most *most* of them."""
        self._most = most
        self._recent: set[ChunkKey] = set()
        self._older: set[ChunkKey] = set()

    def missing(self, keys: set[ChunkKey]) -> set[ChunkKey]:
        """Those of *keys* that may not be there."""
        return keys - self._recent - self._older

    def add(self, keys: set[ChunkKey]) -> None:
        """*keys* are on the disk."""
        self._recent |= keys
        if len(self._recent) > self._most // 2:
            self._older, self._recent = self._recent, set()

    def forget(self) -> None:
        """Chunks may have been erased."""
        self._older, self._recent = set(), set()


class Lane:
    """One of the ways in."""

    def __init__(
        self, client: Client, number: int, decoder: Decoder, tables: Tables, clock: ClockLimits, chunks: WrittenChunks
    ) -> None:
        """Stage what *decoder* makes of requests' bytes, with *client*; write it to *tables*, known *chunks* not."""
        self.client = client
        self._clock = clock
        self._tables = tables
        self._chunks = chunks
        self.decoder = decoder
        self._staged = f"staged_{number}"
        self._columns: Mapping[str, str] = {}
        self._empty = True

    def open(self, columns: Mapping[str, str]) -> None:
        """Make the table in memory: like `spans` (*columns*: name -> type), and the chunks' texts beside the chunks.

        It is made anew at every start: it holds nothing, and follows this version's code.
        """
        for name, value in _SETTINGS.items():
            self.client.command(f"SET {name} = {value}")
        self._columns = columns
        staged = ", ".join(f"{name} {kind}" for name, kind in (dict(columns) | _CHUNK_TEXTS).items())
        self.client.command(f"DROP TABLE IF EXISTS {self._staged} SYNC")
        self.client.command(f"CREATE TABLE {self._staged} ({staged}) ENGINE = Memory")
        self.decoder.plan(staging_sql([*columns], self.decoder.pipe, self._clock))

    def stage(self, bodies: Sequence[bytes], spans: int, project: str, received_at_ns: int) -> None:
        """Decode *bodies*, which hold so many *spans*, into the table in memory."""
        if not self._empty:
            self._clear()
        self._empty = False
        received_at_ns = received_at_ns // 1000 * 1000
        messages = [decode.group(part, project, received_at_ns) for part in parts(bodies, MESSAGE_BYTES)]
        self.decoder.insert(self._staged, [*self._columns, *_CHUNK_TEXTS], messages, spans)

    def prepare(self) -> int:
        """Do what needs no look at other groups: keep one copy of each span, and write the chunks.

        Gives the number of copies that were dropped.
        """
        copies, chunks = 0, set[ChunkKey]()
        for project, hashes, copies_of_project in self.client.query(
            "SELECT project, groupUniqArrayArray(chunks.hash), "
            "uniqExact(trace_id, span_id, start_time) - uniqExact(trace_id, span_id) "
            f"FROM {self._staged} GROUP BY project"
        ).result_rows:
            copies += copies_of_project
            chunks.update((project, chunk) for chunk in hashes)
        if copies:
            self._keep_one_of_each()
        self._write_chunks(chunks)
        return copies

    def store(self) -> int:
        """Write out what was prepared, each span once; how many copies were superseded.

        Spans come last: what the other tables hold is reached only through a stored span. All of it can be done again,
        after a crash in the midst of it too.
        """
        known = self._compared("known_traces", ("project", "trace_id"))
        settlement = settle(self._conflicts(known))
        self._drop_refused(settlement)
        self._insert_traces(known, settlement.moved)
        self._insert_spans()
        self._withdraw((c.key, c.stored_start_ns, c.arriving_precedence) for c in settlement.withdrawn)
        superseded = settlement.superseded + (self._settle_with_others() if self._tables.shared else 0)
        self._clear()
        return superseded

    def _clear(self) -> None:
        self.client.command(f"TRUNCATE TABLE {self._staged}")
        self._empty = True

    def _settle_with_others(self) -> int:
        """Look again for copies that somebody else wrote meanwhile; how many copies were superseded.

        Everyone looks after writing: of two who wrote at once, at least the last one sees the other's copy.
        """
        known = self._compared("known_traces", ("project", "trace_id"))
        conflicts = self._conflicts(known)
        if not conflicts:
            return 0
        settlement = settle(conflicts)
        lost = [c for c in conflicts if c.key in settlement.refused and not c.same_hour]
        self._drop_refused(settlement)
        self._withdraw((c.key, c.arriving_start_ns, c.stored_precedence) for c in lost)
        self._withdraw((c.key, c.stored_start_ns, c.arriving_precedence) for c in settlement.withdrawn)
        self._insert_traces(known, frozenset(c.key[:2] for c in conflicts if not c.same_times))
        return settlement.superseded

    def _drop_refused(self, settlement: Settlement) -> None:
        if settlement.refused:
            self.client.command(
                f"ALTER TABLE {self._staged} DELETE WHERE (project, trace_id, span_id) IN "
                "{refused:Array(Tuple(String, String, String))}",
                parameters={"refused": sorted(settlement.refused)},
            )

    def _withdraw(self, copies: Iterable[tuple[SpanKey, int, int]]) -> None:
        """Hide stored *copies*: key, start in ns, and the precedence of the copy that beats it."""
        rows = [[*key, start_ns, precedence, 1] for key, start_ns, precedence in copies]
        if rows:
            self._tables.add("spans", (*_SPAN_KEY, "start_time", "precedence", "withdrawn"), rows)

    def _keep_one_of_each(self) -> None:
        """Keep the right copy of a span that is staged under several starts."""
        rank = "project, trace_id, span_id, {}((precedence, start_time))"
        self.client.command(
            f"ALTER TABLE {self._staged} DELETE WHERE ({rank.format('')}) NOT IN "
            f"(SELECT {rank.format('max')} FROM {self._staged} GROUP BY project, trace_id, span_id)"
        )

    def _write_chunks(self, chunks: set[ChunkKey]) -> None:
        """Write those of the staged *chunks* that may not be stored."""
        # Of chunks that others share, anyone may erase one.
        missing = chunks if self._tables.shared else self._chunks.missing(chunks)
        if not missing:
            return
        select = (
            f"SELECT DISTINCT project, hash, text FROM {self._staged} "
            "ARRAY JOIN chunks.hash AS hash, chunk_texts AS text"
        )
        if len(missing) == len(chunks):
            self._tables.write("chunks", _CHUNK, select)
        else:
            some = " WHERE (project, hash) IN {missing:Array(Tuple(String, UInt128))}"
            self._tables.write("chunks", _CHUNK, select + some, {"missing": sorted(missing)})
        self._chunks.add(missing)

    def _conflicts(self, known: Sequence[Mapping[str, Any]]) -> list[Conflict]:
        if not known:
            return []
        rows = self._compared(
            "conflicts",
            (*_SPAN_KEY, "start_time", "duration_ns", "content_hash", "precedence"),
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
                arriving_start_ns=row["arriving_start_ns"],
                stored_precedence=row["stored_precedence"],
                arriving_precedence=row["arriving_precedence"],
                same_hour=bool(row["same_hour"]),
                same_times=bool(row["same_times"]),
            )
            for row in rows
        ]

    def _insert_traces(self, known: Sequence[Mapping[str, Any]], moved: frozenset[tuple[str, str]]) -> None:
        epochs = {
            f"{row['project']} {row['trace_id']}": row["newest_epoch"] + ((row["project"], row["trace_id"]) in moved)
            for row in known
        }
        changed = {trace: epoch for trace, epoch in epochs.items() if epoch}
        parameters: dict[str, object] = {"traces": list(changed), "epochs": list(changed.values())}
        template = Template(queries.sql("traces_of_group"))
        epoch, columns = _EPOCH if changed else "0", ", ".join(_TRACE_COLUMNS)
        spans = f"SELECT {columns} FROM {self._staged}"
        if not moved:
            select = template.substitute(epoch=epoch, spans=f"({spans})")
            self._tables.write("spans_trace_id_ts", _PLACE, select, parameters)
            return
        stored = (
            f"SELECT {columns} FROM spans_once WHERE trace_id IN {{trace_ids:Array(String)}} "
            "AND (project, trace_id) IN {moved:Array(Tuple(String, String))} AND (project, trace_id, span_id) NOT IN "
            f"(SELECT project, trace_id, span_id FROM {self._staged})"
        )
        select = template.substitute(epoch=epoch, spans=f"({spans} UNION ALL {stored})")
        parameters |= {"moved": sorted(moved), "trace_ids": [trace_id for _, trace_id in moved]}
        staged = self._staged_columns((*_TRACE_COLUMNS, "span_id"))
        self._tables.write_compared("spans_trace_id_ts", _PLACE, select, staged, parameters)

    def _insert_spans(self) -> None:
        columns = list(self._columns)
        self._tables.write("spans", columns, f"SELECT {', '.join(columns)} FROM {self._staged}")

    def _compared(
        self, query: str, columns: Sequence[str], parameters: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        """The rows of a query that compares *columns* of what is staged with what is stored."""
        sql = Template(queries.sql(query)).substitute(staged=self._staged)
        return self._tables.rows(sql, self._staged_columns(columns), parameters or {})

    def _staged_columns(self, names: Sequence[str]) -> Staged:
        return Staged(self._staged, {name: self._columns[name] for name in names})

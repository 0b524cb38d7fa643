"""The only place that talks to ClickHouse: the engine in this process (engine.py), or a server (server.py).

Every call blocks and is safe from any thread; async code calls them in a thread.
"""

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from groundspan_collector.engine import Engine
from groundspan_collector.errors import ConfigError, RejectedData, StoreUnavailable
from groundspan_collector.lane import Lane, WrittenChunks
from groundspan_collector.schema import migrate
from groundspan_collector.server import Server, inlined
from groundspan_collector.server_address import ServerAddress
from groundspan_collector.settings import USUAL_CLOCK, ClockLimits
from groundspan_collector.tables import EngineTables, ServerTables
from groundspan_collector.torn_parts import KEPT_S, SET_ASIDE, TornParts

Row: TypeAlias = dict[str, object]

READERS = 3
WRITERS = 2
"""While one group is written out, the next is decoded."""

DURABLE_TABLES = ("spans", "chunks", "spans_trace_id_ts", "evaluations", "contents", "metric_points", "label_draws")
"""What an acknowledgement promises to be there after a power cut."""

# The engine's errors that the data can be at fault for: it cannot be parsed, is out of range, is no such message. All
# others (space, memory, time, a missing table, a fault of ours) say nothing about the data: it is kept, not refused.
_DATA_CODES = frozenset(
    {3, 6, 12, 25, 26, 27, 32, 33, 36, 38, 41, 43, 53, 69, 70, 72, 117, 128, 130, 131, 135, 153, 190, 321, 349, 376}
    | {407, 434, 435, 436, 437, 443, 444, 467, 569, 570, 760}
)


class Store:
    """The spans and what was derived from them."""

    def __init__(self, engine: Engine, home: Engine | Server, lanes: Sequence[Lane], chunks: WrittenChunks) -> None:
        """Ingest through *lanes*, which decode in *engine* and share *chunks*; *home* has the tables."""
        self.layout = home.layout
        self._engine = engine
        self._home = home
        self._readers: queue.SimpleQueue[Client] = queue.SimpleQueue()
        self._all_readers = [home.reader() for _ in range(READERS)]
        for client in self._all_readers:
            self._readers.put(client)
        self._lanes: queue.SimpleQueue[Lane] = queue.SimpleQueue()
        for lane in lanes:
            self._lanes.put(lane)
        self._all_lanes = lanes
        self._chunks = chunks
        # A server tells of writes that fail.
        self._torn = TornParts(home.reader(), home.path) if isinstance(home, Engine) else None
        self._writing = threading.Lock()
        self._waiting_for_all = threading.Lock()

    @classmethod
    def open(
        cls,
        data_dir: Path,
        *,
        memory_bytes: int,
        fsync: bool = True,
        server: ServerAddress | None = None,
        clock: ClockLimits = USUAL_CLOCK,
    ) -> "Store":
        """Open or make the store, at the schema of this version: in *data_dir*, or on a *server*.

        Without *fsync*, what was acknowledged last may be lost when the power is cut. Spans out of *clock* are flagged.
        Raises ConfigError where another process has the directory open, where it cannot be made, or where the server
        cannot be used.
        """
        with _refused_start(f"the store in {data_dir}{f' or on {server}' if server else ''}"):
            if server:
                home = Server(server, clients=WRITERS + READERS)
                # Beside a store of its own: that is as it was when the collector is started without a server.
                return cls.on(Engine(data_dir, "decoder", memory_bytes=memory_bytes), home, clock)
            engine = Engine(data_dir, "store", memory_bytes=memory_bytes)
            store = cls.on(engine, engine, clock)
            store.set_fsync(fsync)
            store.keep_merged_parts()
            return store

    @classmethod
    def on(cls, engine: Engine, home: Engine | Server, clock: ClockLimits, *, first_lane: int = 0) -> "Store":
        """A store that decodes in *engine* and has its tables at *home*, at the schema of this version."""
        chunks = WrittenChunks()
        lanes = [_lane(engine, home, number, clock, chunks) for number in range(first_lane, first_lane + WRITERS)]
        store = cls(engine, home, lanes, chunks)
        migrate.migrate(store)
        if store._torn:
            store._torn.mend_at_start()
        types = {str(row["name"]): str(row["type"]) for row in store.rows("DESCRIBE TABLE spans")}
        for lane in lanes:
            lane.open(types)
        return store

    def close(self) -> None:
        """Let the directory, and the server, go."""
        for lane in self._all_lanes:
            lane.decoder.close()
            lane.client.close()
        for client in self._all_readers:
            client.close()
        if self._torn:
            self._torn.close()
        self._home.close()
        self._engine.close()

    def insert_spans(self, bodies: Sequence[bytes], spans: int, /, *, project: str, received_at_ns: int) -> int:
        """Decode OTLP trace requests, which hold so many *spans*; back when the rows survive a crash of this process.

        *project*, if not empty, wins over what the spans say. *received_at_ns* is kept to the microsecond, as
        rows() gives times back. At most WRITERS calls run at a time. Gives the number of superseded copies of spans.
        Raises RejectedData where the engine cannot read *bodies*, StoreUnavailable where it cannot store them.
        """
        lane = self._lanes.get()
        try:
            with _renamed_errors(f"{len(bodies)} requests could not be decoded", RejectedData):
                lane.stage(bodies, spans, project, received_at_ns)
            with (
                _renamed_errors(f"{len(bodies)} requests could not be stored", StoreUnavailable),
                self._refused_if_torn(lane.client),
            ):
                superseded = lane.prepare()
                # One at a time: two copies of a span in two groups must not miss each other.
                with self._writing:
                    return superseded + lane.store()
        finally:
            self._lanes.put(lane)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Within this block no group of spans is under way: neither half written, nor written but for its spans.

        Whoever erases chunks does it here.
        """
        with self._waiting_for_all:
            lanes = [self._lanes.get() for _ in self._all_lanes]
        try:
            yield
        finally:
            self._chunks.forget()
            for lane in lanes:
                self._lanes.put(lane)

    def insert(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Store *rows*, which all have the same keys, as one block."""
        if not rows:
            return
        columns = list(rows[0])
        with self._reader() as client, self._refused_if_torn(client):
            data = [[row[name] for name in columns] for row in rows]
            # One block may hold rows of any number of days.
            client.insert(table, data, column_names=columns, settings={"max_partitions_per_insert_block": 0})

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run one statement that gives no rows."""
        sql, bound = inlined(sql, _bound(parameters))
        with self._reader() as client, self._refused_if_torn(client):
            client.command(sql, parameters=bound)

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """The rows of a query, each as column -> value; times are aware, NULL is None."""
        sql, bound = inlined(sql, _bound(parameters))
        with self._reader() as client:
            result = client.query(sql, parameters=bound, tz_mode="aware")
            return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

    def is_intact(self, table: str) -> bool:
        """Whether the files of *table* are what their checksums say; reads all of them."""
        with self._reader() as client:
            return client.command(f"CHECK TABLE {table} SETTINGS check_query_single_value_result = 1") == 1

    def mend(self) -> int:
        """Where a write to the disk has failed: move away the parts that are not whole; how many there were.

        Call it every second. Raises StoreUnavailable where it is to be tried again: until then nothing is stored.
        """
        if not self._torn:
            return 0
        with _renamed_errors("the store could not be mended", StoreUnavailable):
            if not self._torn.suspected():
                return 0
            with self.alone(), self._unread():
                return self._torn.mend()

    def parts_set_aside(self) -> list[Row]:
        """The parts (table, name, path) that are not whole, and of which rows may be lost."""
        return self.rows(SET_ASIDE)

    def set_fsync(self, fsync: bool) -> None:
        """Make the durable tables so; those that are so already are not touched."""
        others = self.rows(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND has({tables:Array(String)}, name) "
            "AND NOT (engine_full LIKE {after:String} AND engine_full LIKE {folder:String})",
            {
                "tables": list(DURABLE_TABLES),
                "after": f"%fsync_after_insert = {fsync:d}%",
                "folder": f"%fsync_part_directory = {fsync:d}%",
            },
        )
        for table in others:
            self.execute(
                f"ALTER TABLE {table['name']} "
                f"MODIFY SETTING fsync_after_insert = {fsync:d}, fsync_part_directory = {fsync:d}"
            )

    def keep_merged_parts(self) -> None:
        """Keep parts for a while after they were merged: see torn_parts.py. Tables that do so are not touched."""
        others = self.rows(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' "
            "AND NOT engine_full LIKE {kept:String}",
            {"kept": f"%old_parts_lifetime = {KEPT_S}%"},
        )
        for table in others:
            self.execute(f"ALTER TABLE {table['name']} MODIFY SETTING old_parts_lifetime = {KEPT_S}")

    def _refused_if_torn(self, client: Client) -> AbstractContextManager[None]:
        return self._torn.refused(client) if self._torn else nullcontext()

    @contextmanager
    def _unread(self) -> Iterator[None]:
        """Within this block no query is under way."""
        readers = [self._readers.get() for _ in self._all_readers]
        try:
            yield
        finally:
            for client in readers:
                self._readers.put(client)

    @contextmanager
    def _reader(self) -> Iterator[Client]:
        client = self._readers.get()
        try:
            with _renamed_errors("the store did not answer", StoreUnavailable):
                yield client
        finally:
            self._readers.put(client)


def _lane(engine: Engine, home: Engine | Server, number: int, clock: ClockLimits, chunks: WrittenChunks) -> Lane:
    client = engine.writer()
    tables = ServerTables(client, home.writer()) if isinstance(home, Server) else EngineTables(client)
    return Lane(client, number, engine.decoder(number), tables, clock, chunks)


def _bound(parameters: Mapping[str, object] | None) -> dict[str, object]:
    """Parameters as the engine reads them exactly: the client would cut a time to seconds."""
    return {
        name: value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value
        for name, value in (parameters or {}).items()
    }


@contextmanager
def _refused_start(what: str) -> Iterator[None]:
    try:
        yield
    except (StoreUnavailable, ClickHouseError, OSError) as error:
        raise ConfigError(f"{what} cannot be used: {_first_line(error)}") from error


@contextmanager
def _renamed_errors(what: str, kind: type[RejectedData] | type[StoreUnavailable]) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        at_fault = getattr(error, "code", None) in _DATA_CODES
        raise (kind if at_fault else StoreUnavailable)(f"{what}: {_first_line(error)}") from error
    except (ClickHouseError, OSError) as error:
        raise StoreUnavailable(f"{what}: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:500]

"""The only place that talks to ClickHouse: the embedded engine (chDB), one directory, one process.

Every call blocks and is safe from any thread; async code calls them in a thread.
"""

import hashlib
import queue
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from groundspan_collector.decoder import Decoder
from groundspan_collector.errors import ConfigError, RejectedData, StoreUnavailable
from groundspan_collector.lane import Lane
from groundspan_collector.schema import migrate

Row: TypeAlias = dict[str, object]

DATABASE = "groundspan"
READERS = 3
WRITERS = 2
"""While one group is written out, the next is decoded."""

ROOM_TO_START_BYTES = 16 * 1024 * 1024

DURABLE_TABLES = ("spans", "chunks", "spans_trace_id_ts", "evaluations", "contents", "metric_points")
"""What an acknowledgement promises to be there after a power cut."""

# The engine's errors that the data can be at fault for: it cannot be parsed, is out of range, is no such message. All
# others (space, memory, time, a missing table, a fault of ours) say nothing about the data: it is kept, not refused.
_DATA_CODES = frozenset(
    {3, 6, 12, 25, 26, 27, 32, 33, 36, 38, 41, 43, 53, 69, 70, 72, 117, 128, 130, 131, 135, 153, 190, 321, 349, 376}
    | {407, 434, 435, 436, 437, 443, 444, 467, 569, 570, 760}
)


class Store:
    """The spans and what was derived from them."""

    def __init__(self, lanes: Sequence[Lane], readers: Sequence[Client]) -> None:
        """Ingest through *lanes*; *readers* serve everything else."""
        self._clients = [*readers, *(lane.client for lane in lanes)]
        self._readers: queue.SimpleQueue[Client] = queue.SimpleQueue()
        for client in readers:
            self._readers.put(client)
        self._lanes: queue.SimpleQueue[Lane] = queue.SimpleQueue()
        for lane in lanes:
            self._lanes.put(lane)
        self._all_lanes = lanes
        self.writing = threading.Lock()

    @classmethod
    def open(cls, data_dir: Path, *, memory_bytes: int, fsync: bool = True) -> "Store":
        """Open or make the store in *data_dir*, at the schema of this version.

        Without *fsync*, what was acknowledged last may be lost when the power is cut.
        Raises ConfigError where another process has it open, or where it cannot be made.
        """
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--data-dir {data_dir} cannot be made: {error}") from error
        # The engine writes the definitions of tables at a start, and on a full disk leaves them cut off.
        if (free_bytes := shutil.disk_usage(data_dir).free) < ROOM_TO_START_BYTES:
            raise ConfigError(
                f"the disk of {data_dir} has {free_bytes} bytes left, and a store is opened with no less than "
                f"{ROOM_TO_START_BYTES}: make room, or choose another --data-dir"
            )
        clients = [_client(data_dir, memory_bytes) for _ in range(WRITERS + READERS)]
        clients[0].command(f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic")
        for client in clients:
            client.command(f"USE {DATABASE}")
            # Times without a zone, parameters among them, are UTC whatever the machine's zone is.
            client.command("SET session_timezone = 'UTC'")
        lanes = [
            Lane(client, number, Decoder(str(data_dir / "store"), DATABASE, _pipe(data_dir, number)))
            for number, client in enumerate(clients[:WRITERS])
        ]
        store = cls(lanes, clients[WRITERS:])
        migrate.migrate(store)
        store._set_fsync(fsync)
        store._open_lanes()
        return store

    def close(self) -> None:
        """Let the directory go."""
        for lane in self._all_lanes:
            lane.decoder.close()
        for client in self._clients:
            client.close()

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
            # One at a time: two copies of a span in two groups must not miss each other.
            with self.writing, _renamed_errors(f"{len(bodies)} requests could not be stored", StoreUnavailable):
                return lane.store()
        finally:
            self._lanes.put(lane)

    def insert(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Store *rows*, which all have the same keys, as one block."""
        if not rows:
            return
        columns = list(rows[0])
        with self._reader() as client:
            data = [[row[name] for name in columns] for row in rows]
            # One block may hold rows of any number of days.
            client.insert(table, data, column_names=columns, settings={"max_partitions_per_insert_block": 0})

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run one statement that gives no rows."""
        with self._reader() as client:
            client.command(sql, parameters=_bound(parameters))

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """The rows of a query, each as column -> value; times are aware, NULL is None."""
        with self._reader() as client:
            result = client.query(sql, parameters=_bound(parameters), tz_mode="aware")
            return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

    def is_intact(self, table: str) -> bool:
        """Whether the files of *table* are what their checksums say; reads all of them."""
        with self._reader() as client:
            return client.command(f"CHECK TABLE {table} SETTINGS check_query_single_value_result = 1") == 1

    def _set_fsync(self, fsync: bool) -> None:
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

    def _open_lanes(self) -> None:
        types = {str(row["name"]): str(row["type"]) for row in self.rows("DESCRIBE TABLE spans")}
        for lane in self._all_lanes:
            lane.open(types)

    @contextmanager
    def _reader(self) -> Iterator[Client]:
        client = self._readers.get()
        try:
            with _renamed_errors("the store did not answer", StoreUnavailable):
                yield client
        finally:
            self._readers.put(client)


def _client(data_dir: Path, memory_bytes: int) -> Client:
    # The engine's own defaults are 90 % of the machine's memory and a mark cache of 5 GiB.
    options: dict[str, Any] = {
        "max_server_memory_usage": str(memory_bytes),
        "mark_cache_size": str(memory_bytes // 16),
    }
    try:
        return clickhouse_connect.get_client(
            interface="chdb", path=str(data_dir / "store"), chdb_options=options, tz_mode="aware"
        )
    except ClickHouseError as error:
        raise ConfigError(
            f"the store in {data_dir} cannot be opened: another process, perhaps a collector, has it open, or it is "
            f"not readable. Stop that process or choose another --data-dir. ({_first_line(error)})"
        ) from error


def _pipe(data_dir: Path, number: int) -> Path:
    """Where a lane reads requests from: no directory of a network or a container's host, if there is a better one."""
    memory = Path("/dev/shm")  # noqa: S108 - a pipe of this user alone, with a name unique to this store
    digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]
    return memory / f"groundspan-{digest}-{number}" if memory.is_dir() else data_dir / f"pipe-{number}"


def _bound(parameters: Mapping[str, object] | None) -> dict[str, object]:
    """Parameters as the engine reads them exactly: the client would cut a time to seconds."""
    return {
        name: value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value
        for name, value in (parameters or {}).items()
    }


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

"""The ClickHouse engine inside this process (chDB): one folder, one process. Used by `store.py` alone."""

import hashlib
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any, Final

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from groundspan_collector.decoder import Decoder
from groundspan_collector.errors import ConfigError
from groundspan_collector.schema.layout import Layout
from groundspan_collector.torn_parts import drop_torn_mutations

DATABASE: Final = "groundspan"
ROOM_TO_START_BYTES: Final = 16 * 1024 * 1024
MAX_QUERY_BYTES: Final = 64 * 1024 * 1024
_YIELDING: Final = 10
"""As `nice` counts: about a tenth of a core, where others want all of it."""


class Engine:
    """The engine, open at one folder of a collector's."""

    def __init__(self, data_dir: Path, folder: str, *, memory_bytes: int) -> None:
        """Open or make *folder* in *data_dir*. Raises ConfigError where that cannot be, or another process has it."""
        _make_room(data_dir)
        self.layout = Layout(DATABASE)
        self._data_dir = data_dir
        self.path = data_dir / folder
        # The engine's own defaults are 90 % of the machine's memory and a mark cache of 5 GiB.
        self._options: dict[str, Any] = {
            "max_server_memory_usage": str(memory_bytes),
            "mark_cache_size": str(memory_bytes // 16),
            # Of its two threads a deletion waits for one at every part; with many, merging gets in the way of ingest.
            "background_pool_size": "4",
            # Requests get the cores first; merging has its part even where they want all of them.
            "os_threads_nice_value_merge_mutate": str(_YIELDING),
        }
        drop_torn_mutations(self.path)
        # It keeps the engine until close().
        self._first = self._open()
        self._first.command(self.layout.created_database())

    def writer(self) -> Client:
        """A client for inserts and the look-ups before them."""
        client = self._open()
        client.command(f"USE {DATABASE}")
        # Times without a zone, parameters among them, are UTC whatever the machine's zone is.
        client.command("SET session_timezone = 'UTC'")
        # Long lists are written out in a query.
        client.command(f"SET max_query_size = {MAX_QUERY_BYTES}")
        return client

    def reader(self) -> Client:
        """A client for all else: while requests want all cores, its queries leave them most."""
        client = self.writer()
        if priority_comes_back():
            client.command(f"SET os_threads_nice_value_query = {_YIELDING}")
        return client

    def decoder(self, number: int) -> Decoder:
        """What the lane of that *number* decodes with."""
        return Decoder(str(self.path), DATABASE, _pipe(self._data_dir, number))

    def close(self) -> None:
        """Let the folder go."""
        self._first.close()

    def _open(self) -> Client:
        try:
            return clickhouse_connect.get_client(
                interface="chdb", path=str(self.path), chdb_options=self._options, tz_mode="aware"
            )
        except ClickHouseError as error:
            raise ConfigError(
                f"the store in {self._data_dir} cannot be opened: another process, perhaps a collector, has it open, "
                "or it is not readable. Stop that process or choose another --data-dir. "
                f"({str(error).partition(chr(10))[0][:500]})"
            ) from error


def priority_comes_back() -> bool:
    """Whether a thread of ours may make itself as important as it was: the engine's threads serve all in turn."""
    if sys.platform != "linux":
        # A priority is the whole process's.
        return False
    outcome: list[bool] = []

    def probe() -> None:
        before = os.getpriority(os.PRIO_PROCESS, 0)
        try:
            os.setpriority(os.PRIO_PROCESS, 0, before + 1)
            os.setpriority(os.PRIO_PROCESS, 0, before)
        except OSError:
            outcome.append(False)
        else:
            outcome.append(True)

    thread = threading.Thread(target=probe)
    thread.start()
    thread.join()
    return outcome[0]


def _make_room(data_dir: Path) -> None:
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


def _pipe(data_dir: Path, number: int) -> Path:
    """Where a lane reads requests from: no directory of a network or a container's host, if there is a better one."""
    memory = Path("/dev/shm")  # noqa: S108 - a pipe of this user alone, with a name unique to this store
    digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]
    return memory / f"groundspan-{digest}-{number}" if memory.is_dir() else data_dir / f"pipe-{number}"

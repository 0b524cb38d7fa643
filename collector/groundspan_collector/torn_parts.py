"""Parts of tables that the disk did not take whole: noticed, moved away, and made again of what they were merged of.

Where a write to a file fails (no room, a quota, a fault of the disk), the embedded engine goes on as if it had not: it
counts the failure, and the part, cut off, is acknowledged as inserted, or takes the place of those that it was merged
of. So we watch the count. What is inserted while it grows is not stored; and before more is, every part of that time is
checked. Those that are not whole are moved away and their table is loaded anew: then the engine uses again what they
were merged of, which it keeps for KEPT_S. Used by `store.py` alone.
"""

import logging
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, groupby
from pathlib import Path
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from groundspan_collector import metrics
from groundspan_collector.errors import StoreUnavailable

KEPT_S: Final = 60
"""So long the engine keeps parts after they were merged; as soon as a write has failed it removes none."""

_MARGIN_S: Final = 120.0
"""The clock of the machine may be set meanwhile: so much older parts are checked as well."""
_MERGES_END_S: Final = 60.0
_LOOK_AGAIN_S: Final = 0.02

_FAILED_WRITES = "SELECT value FROM system.events WHERE event = 'WriteBufferFromFileDescriptorWriteFailed'"
_MERGES = "SELECT count() AS n FROM system.merges WHERE database = currentDatabase()"
_DETACHED = "SELECT table FROM system.detached_tables WHERE database = currentDatabase()"
_PARTS = """
SELECT table, name, path, rows, partition_id, min_block_number, max_block_number,
    level = 0 AND data_version = min_block_number AS is_inserted, toUnixTimestamp(modification_time) AS modified_s
FROM system.parts WHERE database = currentDatabase() AND active AND {condition} ORDER BY table, name
"""
_LATER_THAN = "toUnixTimestamp(modification_time) >= {since_s}"
_IN_ONE_FILE = "part_storage_type = 'Packed'"
"""Of these the engine does not look at a start whether they are whole."""
_IN_ITS_PLACE = """
SELECT sum(rows) AS rows, sum(max_block_number - min_block_number + 1) AS blocks FROM system.parts
WHERE database = currentDatabase() AND active AND table = '{table}' AND partition_id = '{partition}'
    AND min_block_number >= {first} AND max_block_number <= {last}
"""
SET_ASIDE = """
SELECT table, name, path, partition_id, min_block_number, max_block_number FROM system.detached_parts
WHERE database = currentDatabase() AND reason LIKE 'broken%' ORDER BY table, name
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part that is not whole."""

    table: str
    name: str
    path: Path
    rows: int
    partition: str
    first_block: int
    last_block: int
    is_inserted: bool
    """As it came, neither merged nor changed."""
    modified_s: int


class TornParts:
    """Watches over the tables of an embedded engine."""

    def __init__(self, client: Client, folder: Path) -> None:
        """Ask and mend with *client*, which is used for nothing else; *folder* is the engine's own."""
        self._client = client
        self._folder = folder
        self._known_failures = _failed_writes(client)
        """Up to so many failed writes every part is whole, or its insert was refused."""
        self._whole_at_s = time.time()
        self._suspected = threading.Event()

    @contextmanager
    def refused(self, client: Client) -> Iterator[None]:
        """Within this block *client* writes. Raises StoreUnavailable where the disk may not have taken it whole."""
        if self._suspected.is_set():
            raise StoreUnavailable("the disk of the store did not take a write: what it left is being looked for")
        yield
        if _failed_writes(client) != self._known_failures:
            self._suspected.set()
            raise StoreUnavailable("the disk of the store did not take a write: it is full, or has a fault")

    def suspected(self) -> bool:
        """Whether a write has failed. From then on the engine removes nothing until mend() was there."""
        now_s = time.time()
        if not self._suspected.is_set() and _failed_writes(self._client) == self._known_failures:
            self._whole_at_s = now_s
            return False
        self._suspected.set()
        self._client.command("SYSTEM STOP CLEANUP")
        return True

    def mend(self) -> int:
        """Move away what is not whole; how many parts that were. Nobody else uses the tables meanwhile.

        Raises StoreUnavailable, ClickHouseError or OSError where it is to be tried again.
        """
        # Not before: a deletion that somebody waits for is a kind of merge.
        self._client.command("SYSTEM STOP MERGES")
        self._wait_for_merges()
        failures = _failed_writes(self._client)
        drop_torn_mutations(self._folder)
        for (table,) in self._client.query(_DETACHED).result_rows:
            # An earlier try came no further.
            self._client.command(f"ATTACH TABLE {table}")
        since_s = int(self._whole_at_s - _MARGIN_S)
        mended = self._mended(_LATER_THAN.format(since_s=since_s), refused_since_s=int(self._whole_at_s))
        self._client.command("SYSTEM START MERGES")
        self._client.command("SYSTEM START CLEANUP")
        _log.error(
            "the disk of the store did not take %d writes: %d parts were not whole, and were moved away or made again",
            failures - self._known_failures,
            mended,
        )
        metrics.STORE_FAILED_WRITES.inc(failures - self._known_failures)
        self._known_failures, self._whole_at_s = failures, time.time()
        self._suspected.clear()
        self._tell()
        return mended

    def mend_at_start(self) -> None:
        """Move away what a process left that was killed before it could, and say what lies aside."""
        self._mended(_IN_ONE_FILE, refused_since_s=None)
        for part in self._rows(SET_ASIDE):
            # Moved away by the engine; if all that it was merged of is used again, nobody needs it.
            first, last = part["min_block_number"], part["max_block_number"]
            if self._in_place_of(part["table"], part["partition_id"], first, last)["blocks"] == last - first + 1:
                shutil.rmtree(part["path"], ignore_errors=True)
        for part in self._tell():
            _log.error("a part of %s is not whole and lies aside: %s", part["table"], part["path"])

    def close(self) -> None:
        """Let the engine go."""
        self._client.close()

    def _tell(self) -> Sequence[dict[str, Any]]:
        """Count the parts that lie aside; gives them."""
        aside = self._rows(SET_ASIDE)
        metrics.STORE_PARTS_SET_ASIDE.set(len(aside))
        return aside

    def _wait_for_merges(self) -> None:
        """Back when those are over that had begun."""
        until_s, pause = time.monotonic() + _MERGES_END_S, threading.Event()
        while self._rows(_MERGES)[0]["n"]:
            if time.monotonic() > until_s:
                raise StoreUnavailable(f"merges of parts did not end within {_MERGES_END_S:.0f} s")
            pause.wait(_LOOK_AGAIN_S)

    def _mended(self, condition: str, *, refused_since_s: int | None) -> int:
        """Move away what is not whole of the parts of *condition*; how many there were.

        Those that were inserted after *refused_since_s* were acknowledged to nobody.
        """
        mended = 0
        # What is used again may itself not be whole.
        while torn := self._torn(condition):
            for table, parts in groupby(torn, key=lambda part: part.table):
                self._replace(table, list(parts), refused_since_s)
            mended += len(torn)
        metrics.STORE_PARTS_MENDED.inc(mended)
        return mended

    def _torn(self, condition: str) -> list[_Part]:
        parts = (
            _Part(
                table=row["table"],
                name=row["name"],
                path=Path(row["path"]),
                rows=row["rows"],
                partition=row["partition_id"],
                first_block=row["min_block_number"],
                last_block=row["max_block_number"],
                is_inserted=bool(row["is_inserted"]),
                modified_s=row["modified_s"],
            )
            for row in self._rows(_PARTS.format(condition=condition))
        )
        return [part for part in parts if not self._is_whole(part)]

    def _is_whole(self, part: _Part) -> bool:
        check = f"CHECK TABLE {part.table} PART '{part.name}' SETTINGS check_query_single_value_result = 1"
        return self._client.command(check) == 1

    def _replace(self, table: str, torn: Sequence[_Part], refused_since_s: int | None) -> None:
        aside = {part: _free_name(part) for part in torn}
        self._client.command(f"DETACH TABLE {table} SYNC")
        try:
            for part, path in aside.items():
                part.path.rename(path)
        finally:
            self._client.command(f"ATTACH TABLE {table}")
        for part, path in aside.items():
            refused = part.is_inserted and refused_since_s is not None and part.modified_s >= refused_since_s
            in_place = self._in_place_of(table, part.partition, part.first_block, part.last_block)
            if refused or in_place["rows"] >= part.rows:
                shutil.rmtree(path, ignore_errors=True)
            else:
                _log.error(
                    "%d rows of %s may be lost, if they were acknowledged: what is left of them lies in %s",
                    part.rows,
                    table,
                    path,
                )

    def _in_place_of(self, table: str, partition: str, first: int, last: int) -> dict[str, Any]:
        """How many rows and blocks have the parts that are used, and that a part of these blocks was made of."""
        (found,) = self._rows(_IN_ITS_PLACE.format(table=table, partition=partition, first=first, last=last))
        return found

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        return list(self._client.query(sql).named_results())


def drop_torn_mutations(folder: Path) -> None:
    """Delete the descriptions of changes that were cut off below the engine's *folder*.

    With one of them it does not open a table. Who wanted the change was told that it failed.
    """
    for path in folder.glob("store/*/*/mutation_*.txt"):
        text = path.read_bytes()
        if not text.startswith(b"format version: ") or b"\ncommands: " not in text or not text.endswith(b"\n"):
            _log.error("%s is not whole: the change that it describes is not made", path)
            path.unlink()


def _failed_writes(client: Client) -> int:
    """How many writes of this process's engine have failed so far."""
    return sum(value for (value,) in client.query(_FAILED_WRITES).result_rows)


def _free_name(part: _Part) -> Path:
    names = (f"broken_{part.name}{f'_try{number}' if number else ''}" for number in count())
    return next(path for name in names if not (path := part.path.parent / "detached" / name).exists())

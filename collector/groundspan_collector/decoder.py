"""Requests' bytes -> rows of a table in memory, by a SELECT that is planned once and then reads group after group.

Planning the SELECT that knows all dialects takes longer than running it on a thousand spans. So it never ends: it reads
a named pipe, in which a group of requests is one message, and gives the rows of a message as soon as it has read it.
Used by `lane.py` alone.
"""

import atexit
import fcntl
import os
import re
import select
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import chdb
from chdb.state.sqlitelike import Connection
from clickhouse_connect.driver.exceptions import DatabaseError

from groundspan_collector import decode
from groundspan_collector.errors import RejectedData

PATIENCE_S: Final = 5.0
"""So long after its last byte every span should be out; then the pipe is closed, in case the reader wants more."""

PIPE_BYTES: Final = 1024 * 1024
_LOOK_AGAIN_MS: Final = 100
_ONE_SPAN: Final = b"\x0a\x04\x12\x02\x12\x00"


Message: TypeAlias = Sequence[bytes]
"""Given in parts."""


class _Block(Protocol):
    """Some rows, in the format Native."""

    def rows_read(self) -> int:
        """How many."""

    def bytes(self) -> bytes:
        """As they are written."""


class _Blocks(Protocol):
    """The rows of a SELECT, as far as it has come."""

    def fetch(self) -> _Block | None:
        """Wait for the next ones; None at the end."""

    def close(self) -> None:
        """Stop the SELECT."""


class Decoder:
    """One SELECT that does not end; takes one message at a time."""

    def __init__(self, engine: str, database: str, pipe: Path) -> None:
        """Read the file *pipe*, which is made here; write into *database* of *engine*, open in this process already."""
        self._reading, self._writing = _connection(engine, database), _connection(engine, database)
        for name, value in decode.SETTINGS.items():
            self._reading.query(f"SET {name} = {decode.quoted(value) if isinstance(value, str) else value}")
        self.pipe = pipe
        self._sql = ""
        self._inlet = -1
        self._blocks: _Blocks | None = None
        # The engine would wait for the pipe, and a process that forgot to close its store would never end.
        atexit.register(self.close)

    def plan(self, sql: str) -> None:
        """Decode with *sql*, a SELECT over the pipe. Raises DatabaseError, or OSError where no pipe can be made."""
        self._end()
        self._sql = sql
        with self._ending_at_errors():
            self._begin()

    def close(self) -> None:
        """Stop, and let the engine go."""
        atexit.unregister(self.close)
        self._end()
        self._reading.close()
        self._writing.close()

    def insert(self, table: str, columns: Sequence[str], messages: Sequence[Message], spans: int) -> None:
        """Put the *spans* spans of *messages* into *table*; all of them or none.

        Raises DatabaseError where the engine cannot read or keep them, RejectedData where it finds fewer or more.
        """
        if not spans:
            return
        into = f"INSERT INTO {table} ({', '.join(columns)})"
        with self._ending_at_errors():
            self._begin()
            # What is fed is decoded while the insert is still being planned.
            with self._fed(messages), self._writing.send_insert(into, "Native") as inserter:
                for rows in self._decoded(spans):
                    inserter.append(rows)
                inserter.finish()
            if self._inlet < 0:
                self._end()

    def _begin(self) -> None:
        if self._blocks is None:
            self.pipe.unlink(missing_ok=True)
            os.mkfifo(self.pipe, 0o600)
            # For reading too, though nothing is read: so it opens at once, and outlives a reader that fails.
            self._inlet = os.open(self.pipe, os.O_RDWR | os.O_NONBLOCK)
            with suppress(OSError, AttributeError):
                fcntl.fcntl(self._inlet, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            blocks: _Blocks = self._reading.send_query(self._sql, "Native")
            self._blocks = blocks
            # The engine opens the pipe when it is asked for rows: what was written and closed before would be lost.
            os.write(self._inlet, decode.varint(len(_ONE_SPAN)) + _ONE_SPAN)
            blocks.fetch()
            self.pipe.unlink()

    @contextmanager
    def _fed(self, messages: Sequence[Message]) -> Iterator[None]:
        """Feed *messages* to the SELECT meanwhile."""
        over = threading.Event()
        feeder = threading.Thread(target=self._feed, args=(messages, over), name="groundspan-feeder")
        feeder.start()
        try:
            yield
        finally:
            over.set()
            feeder.join()

    def _decoded(self, spans: int) -> Iterator[bytes]:
        """The rows of so many *spans*, block by block, as they come out."""
        assert self._blocks  # noqa: S101 - insert() began
        while spans > 0:
            block = self._blocks.fetch()
            if block is None:
                raise RejectedData(f"{spans} spans fewer than the request has could be read")
            spans -= block.rows_read()
            if spans < 0:
                # What protobuf's own parser passes over, in a group of a known field, the engine's reads.
                raise RejectedData(f"{-spans} spans more than the request has were read")
            yield block.bytes()

    def _feed(self, messages: Sequence[Message], over: threading.Event) -> None:
        """Write *messages*, each with its length before it, and wait until it is *over*."""
        room = select.poll()
        room.register(self._inlet, select.POLLOUT)
        for part in chain.from_iterable((decode.varint(sum(map(len, message))), *message) for message in messages):
            left = memoryview(part)
            while left and not over.is_set():
                if room.poll(_LOOK_AGAIN_MS):
                    left = left[os.write(self._inlet, left) :]
        if not over.wait(PATIENCE_S):
            self._close_inlet()

    def _end(self) -> None:
        # First, or the engine would wait for more.
        self._close_inlet()
        blocks, self._blocks = self._blocks, None
        if blocks is not None:
            with suppress(chdb.ChdbError):
                blocks.close()

    def _close_inlet(self) -> None:
        if self._inlet >= 0:
            os.close(self._inlet)
            self._inlet = -1

    @contextmanager
    def _ending_at_errors(self) -> Iterator[None]:
        """Let the next message find a SELECT of its own: this one may stand in the midst of what it cannot read."""
        try:
            yield
        except (chdb.ChdbError, RuntimeError) as error:
            self._end()
            code = re.search(r"Code: (\d+)", str(error))
            raise DatabaseError(str(error), code=int(code[1]) if code else None) from error
        except BaseException:
            self._end()
            raise


def _connection(engine: str, database: str) -> Connection:
    connection = Connection(engine)
    connection.query(f"USE {database}")
    return connection

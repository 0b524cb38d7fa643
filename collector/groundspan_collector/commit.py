"""Group commit: requests in flight share one decode and insert, and each waits for its own fate."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from groundspan_collector import metrics
from groundspan_collector.errors import CollectorError, Overloaded, RejectedData, StoreUnavailable

WORTH_A_GROUP_BYTES: Final = 4 * 1024 * 1024
"""Below that a group costs more for being one than for what is in it: two halves of it take longer than the whole."""

_NOBODY_COMES_S: Final = 0.008
"""Those who were just answered come back within less of each other; so long after the last of them nobody does."""

_FORGOTTEN: Final = 0.9
"""With each group, how much of the largest crowd is still expected."""

UNDECODABLE: Final = "undecodable"
TRY_AGAIN: Final = "try_again"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What of one request is to be stored."""

    body: bytes
    project: str
    """Whose it is; empty: what the spans say."""
    items: int
    """How many spans it holds."""


Put = Callable[[Sequence[Parcel]], None]
"""Bring these parcels of one project to safety; back when they are, and written into the ledger as such."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that has not been answered yet."""

    parcel: Parcel
    done: asyncio.Future[None]

    @property
    def size_bytes(self) -> int:
        """Of its body."""
        return len(self.parcel.body)


def next_group(waiting: Sequence[Waiting], max_bytes: int) -> int:
    """How many of *waiting*, from the first on, go into one insert: one project, at most *max_bytes*, at least one."""
    size_bytes = 0
    for count, request in enumerate(waiting):
        size_bytes += request.size_bytes
        if count and (size_bytes > max_bytes or request.parcel.project != waiting[0].parcel.project):
            return count
    return len(waiting)


class Committer:
    """The way to the store that all requests share."""

    def __init__(
        self,
        put: Put,
        ledger: metrics.Ledger,
        *,
        max_in_flight_bytes: int,
        max_group_bytes: int,
        writers: int = 1,
        linger_s: float = 0.04,
        worth_a_group_bytes: int = WORTH_A_GROUP_BYTES,
    ) -> None:
        """Write with *put*, at most *writers* calls at a time; *ledger* is told what comes in and what is refused.

        A group costs about as much as 1,000 of its spans, however small it is. So it waits at most *linger_s* for
        requests that are being received or expected; and one of less than *worth_a_group_bytes* is not written beside
        another, but after it, with all that came meanwhile.
        """
        self._put = put
        self._ledger = ledger
        self._max_in_flight_bytes = max_in_flight_bytes
        self._max_group_bytes = max_group_bytes
        self._writers = writers
        self._idle_writers = writers
        self._linger_s = linger_s
        self._worth_a_group_bytes = worth_a_group_bytes
        self._waiting: deque[Waiting] = deque()
        self._in_flight_bytes = 0
        self._expected = 0
        self._all_received = asyncio.Event()
        self._all_received.set()
        self._arrived = asyncio.Event()
        self._in_flight = 0
        self._crowd = 0.0
        self._change = asyncio.Event()
        self._closing = False

    @property
    def busy(self) -> bool:
        """Whether a request waits for its answer."""
        return self._in_flight_bytes > 0

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """Within this block a request is being received that may be committed at its end."""
        self._expected += 1
        self._all_received.clear()
        try:
            yield
        finally:
            self._expected -= 1
            if not self._expected:
                self._all_received.set()

    async def commit(self, body: bytes, project: str, items: int) -> None:
        """Back when the *items* spans of *body* are safe.

        Raises Overloaded over the limit of bytes in flight, RejectedData where the engine refuses this body,
        StoreUnavailable where it can be kept nowhere now.
        """
        try:
            self._check_room(len(body))
        except StoreUnavailable:
            self._ledger.turn_away(items, TRY_AGAIN)
            raise
        self._ledger.accept(items)
        request = Waiting(Parcel(body, project, items), asyncio.get_running_loop().create_future())
        self._enqueue(request)
        # Shielded: a client that hangs up does not take its spans back.
        await asyncio.shield(request.done)

    async def run(self) -> None:
        """Write groups until close() was called and nothing waits any more."""
        with ThreadPoolExecutor(self._writers, "groundspan-writer") as threads:
            await asyncio.gather(*(self._write_groups(threads) for _ in range(self._writers)))

    def close(self) -> None:
        """Take no more requests; run() ends when those that wait are answered."""
        self._closing = True
        self._arrived.set()
        self._changed()

    def _enqueue(self, request: Waiting) -> None:
        self._count_in_flight(request.size_bytes)
        self._waiting.append(request)
        self._in_flight += 1
        self._crowd = max(self._in_flight, self._crowd)
        metrics.WAITING_REQUESTS.inc()
        self._changed()
        self._arrived.set()

    def _check_room(self, size_bytes: int) -> None:
        if self._closing:
            raise StoreUnavailable("the collector is shutting down")
        if self._in_flight_bytes and self._in_flight_bytes + size_bytes > self._max_in_flight_bytes:
            raise Overloaded(
                f"{self._in_flight_bytes} bytes are in flight, {self._max_in_flight_bytes} is the most: try again"
            )

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    async def _write_groups(self, threads: ThreadPoolExecutor) -> None:
        while self._waiting or not self._closing:
            await self._arrived.wait()
            await self._fill()
            if self._waiting and not self._is_too_little():
                count = next_group(self._waiting, self._share_bytes())
                self._idle_writers -= 1
                metrics.WAITING_REQUESTS.dec(count)
                await self._write(threads, [self._waiting.popleft() for _ in range(count)])
                self._idle_writers += 1
                self._crowd = max(self._in_flight, self._crowd * _FORGOTTEN)
                self._changed()
            if not self._waiting and not self._closing:
                self._arrived.clear()

    def _is_too_little(self) -> bool:
        """Whether what waits had better be written after the group that is being written than beside it."""
        writing = self._idle_writers < self._writers
        return writing and self._waiting_bytes() < self._worth_a_group_bytes and not self._closing

    def _share_bytes(self) -> int:
        """How much one writer takes: all, or its part where others are idle and the parts are worth their own costs."""
        return min(self._max_group_bytes, max(self._waiting_bytes() // self._idle_writers, self._worth_a_group_bytes))

    async def _fill(self) -> None:
        """Let the requests that are being received join those that wait; and so many that each writer has its share.

        Those who were just answered send their next at once: groups as large as they can be cost the least.
        """
        while self._is_too_little():
            await self._change.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._linger_s):
                await self._all_received.wait()
                while len(self._waiting) < self._expected_share() and not self._closing:
                    await asyncio.wait_for(self._change.wait(), _NOBODY_COMES_S)

    def _expected_share(self) -> float:
        """How many requests a writer waits for: its part of the crowd, or all of it where the part would be small."""
        return self._crowd / (self._writers if self._waiting_bytes() >= self._worth_a_group_bytes else 1)

    def _waiting_bytes(self) -> int:
        return sum(request.size_bytes for request in self._waiting)

    async def _write(self, threads: ThreadPoolExecutor, group: Sequence[Waiting]) -> None:
        """Store *group*; where that fails, each of its requests by itself: a poisonous one harms only itself."""
        metrics.GROUP_REQUESTS.observe(len(group))
        metrics.GROUP_BYTES.observe(sum(request.size_bytes for request in group))
        metrics.GROUP_ITEMS.observe(sum(request.parcel.items for request in group))
        failure = await self._stored(threads, group)
        if failure and len(group) > 1 and isinstance(failure, RejectedData):
            for request in group:
                self._answer(request, await self._stored(threads, [request]))
            return
        for request in group:
            self._answer(request, failure)

    async def _stored(self, threads: ThreadPoolExecutor, group: Sequence[Waiting]) -> CollectorError | None:
        parcels = [request.parcel for request in group]
        try:
            with metrics.INSERT_SECONDS.time():
                await asyncio.get_running_loop().run_in_executor(threads, self._put, parcels)
        except CollectorError as error:
            return error
        except Exception as error:  # noqa: BLE001 - the loop must outlive what nobody foresaw, or every client hangs
            metrics.SWALLOWED.labels("commit").inc()
            return StoreUnavailable(f"unforeseen while storing: {error!r}")
        return None

    def _answer(self, request: Waiting, failure: CollectorError | None) -> None:
        self._count_in_flight(-request.size_bytes)
        self._in_flight -= 1
        if failure is None:
            request.done.set_result(None)
        else:
            reason = UNDECODABLE if isinstance(failure, RejectedData) else TRY_AGAIN
            self._ledger.reject(request.parcel.items, reason)
            request.done.set_exception(failure)

    def _count_in_flight(self, size_bytes: int) -> None:
        self._in_flight_bytes += size_bytes
        metrics.IN_FLIGHT_BYTES.inc(size_bytes)

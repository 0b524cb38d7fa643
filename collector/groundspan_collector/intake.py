"""Where a group goes: into the store, or into the spool while the store cannot write; and from there into the store.

The spool is replayed in its order. While it is not empty, new groups go straight to the store if that takes them: a
span is one span in whatever order its copies come.
"""

import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final, Protocol

from groundspan_collector import metrics, spool
from groundspan_collector.commit import Parcel
from groundspan_collector.errors import RejectedData, StoreUnavailable
from groundspan_collector.receipts import Receipts
from groundspan_collector.spool import Record, Segment, Spool

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 30.0
IDLE_S: Final = 0.5
STUCK_AFTER: Final = 8
"""So often the store fails with a group, and takes others meanwhile: then the fault is the group's."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Insert(Protocol):
    """How the store takes requests of one kind; raises RejectedData or StoreUnavailable."""

    def __call__(self, bodies: Sequence[bytes], items: int, /, *, project: str, received_at_ns: int) -> object:
        """Back when the rows of *bodies*, which hold so many *items*, are safe."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of requests: how they are stored, and where they are counted."""

    insert: Insert
    ledger: metrics.Ledger


class Intake:
    """Brings groups to safety."""

    def __init__(self, kinds: Mapping[str, Kind], waiting: Spool, receipts: Receipts) -> None:
        """Store *kinds* (name -> kind); what an earlier process left in *waiting* is in the ledger from now on."""
        self._kinds = kinds
        self._spool = waiting
        self._receipts = receipts
        for name, kind in kinds.items():
            kind.ledger.recover(waiting.items(name))

    def put(self, name: str, parcels: Sequence[Parcel]) -> None:
        """Back when *parcels*, all of one project, are stored or in the spool.

        Raises RejectedData where the store refuses them, SpoolFull where they can be kept nowhere.
        """
        kind, items = self._kinds[name], sum(parcel.items for parcel in parcels)
        bodies, project = [parcel.body for parcel in parcels], parcels[0].project
        # Under way until it is stored or in the spool, so that settled() never passes over it.
        with self._receipts.receipt() as received_at_ns:
            try:
                kind.insert(bodies, items, project=project, received_at_ns=received_at_ns)
            except StoreUnavailable:
                records = [Record(received_at_ns, name, project, parcel.items, parcel.body) for parcel in parcels]
                self._spool.append(records, then=lambda: kind.ledger.spool(items))
            else:
                kind.ledger.write(items)

    def settled(self) -> datetime:
        """The last time for which every receipt, up to it, can be seen or has failed."""
        # In this order: what leaves the receipts meanwhile is in the spool before.
        settled, oldest_ns = self._receipts.settled(), self._spool.oldest_ns()
        if oldest_ns is None:
            return settled
        return min(settled, _EPOCH + timedelta(microseconds=oldest_ns // 1000 - 1))


class Replay:
    """Takes what is in the spool to the store, oldest first."""

    def __init__(self, kinds: Mapping[str, Kind], waiting: Spool) -> None:
        """Store *kinds* (name -> kind) from *waiting*."""
        self._kinds = kinds
        self._spool = waiting
        self._segment: Segment | None = None
        self._left: dict[str, int] = {}
        self._groups: deque[list[Record]] = deque()
        self._failures = 0
        self._written_before = 0

    def run(self, stop: Callable[[float], bool]) -> None:
        """Replay until *stop* (which waits so many seconds) says so."""
        failures, pause_s = 0, 0.0
        while not stop(pause_s):
            try:
                pause_s = 0.0 if self.step() else IDLE_S
                failures = 0
            except StoreUnavailable:
                failures += 1
                pause_s = pause_after(failures, random.random())  # noqa: S311 - spreads load, hides nothing
            except Exception:  # noqa: BLE001 - the spool must not stay full because of what nobody foresaw
                metrics.SWALLOWED.labels("replay").inc()
                pause_s = LONGEST_PAUSE_S

    def step(self) -> bool:
        """Store the oldest group; False if there is none. Raises StoreUnavailable where it is to be tried again."""
        if not self._groups:
            self._finish()
            self._begin()
        if not self._groups:
            return False
        group = self._groups[0]
        try:
            self._store(group)
        except RejectedData:
            self._take_apart(group)
        except StoreUnavailable:
            metrics.REPLAY_FAILURES.inc()
            if not self._is_stuck(group):
                raise
            self._take_apart(group)
        else:
            self._done(group)
        return True

    def _begin(self) -> None:
        self._segment = self._spool.oldest()
        if self._segment:
            self._left = dict(self._segment.items)
            self._groups = deque(as_received(spool.read(self._segment).records))

    def _finish(self) -> None:
        """Remove the segment of which everything is stored or set aside."""
        if not self._segment:
            return
        self._spool.remove(self._segment)
        for name, items in self._left.items():
            # What was whole when it was written, and is not any more.
            self._kinds[name].ledger.reject_spooled(items, "damaged_in_spool")
        self._segment = None

    def _store(self, group: Sequence[Record]) -> None:
        first, items = group[0], sum(record.items for record in group)
        bodies = [record.body for record in group]
        self._kinds[first.kind].insert(bodies, items, project=first.project, received_at_ns=first.received_at_ns)
        self._kinds[first.kind].ledger.replay(self._leaving(group))

    def _take_apart(self, group: Sequence[Record]) -> None:
        """Try the requests of a group one by one; one that is refused by itself is set aside."""
        if len(group) == 1:
            self._spool.set_aside(group[0])
            self._kinds[group[0].kind].ledger.reject_spooled(self._leaving(group), "refused_in_replay")
            self._done(group)
            return
        self._done(group)
        self._groups.extendleft([record] for record in reversed(group))

    def _is_stuck(self, group: Sequence[Record]) -> bool:
        """Whether the store has failed with *group* often, and took others meanwhile."""
        written = self._kinds[group[0].kind].ledger.snapshot().written
        if not self._failures:
            self._written_before = written
        self._failures += 1
        return self._failures >= STUCK_AFTER and written > self._written_before

    def _leaving(self, group: Sequence[Record]) -> int:
        items = sum(record.items for record in group)
        self._left[group[0].kind] -= items
        return items

    def _done(self, group: Sequence[Record]) -> None:
        assert self._groups[0] is group  # noqa: S101 - one thread replays
        self._groups.popleft()
        self._failures = 0


def as_received(records: Sequence[Record]) -> list[list[Record]]:
    """*records* in the groups in which they were received: of one kind, project and time."""
    return [
        list(group)
        for _, group in groupby(records, key=lambda record: (record.kind, record.project, record.received_at_ns))
    ]


def pause_after(failures: int, chance: float) -> float:
    """How long to wait after so many failures in a row; *chance*, of 0 to 1, keeps many from coming at once."""
    longest_s = min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 32), LONGEST_PAUSE_S)
    return longest_s * (0.5 + chance / 2)

"""Into the store, or into the spool while the store cannot write, and from there into the store."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import otlp
import pytest
import stored
from groundspan_collector import intake
from groundspan_collector.commit import Parcel
from groundspan_collector.errors import RejectedData, StoreUnavailable
from groundspan_collector.intake import Intake, Kind, Replay, as_received, pause_after
from groundspan_collector.metrics import Ledger
from groundspan_collector.receipts import Receipts
from groundspan_collector.spool import REJECTED, Record, Spool
from groundspan_collector.store import Store
from hypothesis import given
from hypothesis import strategies as st

MOST = 1 << 20
POISON = b"\xa3\x06\x08\x01\xa4\x06"
"""A group of an unknown field, which protobuf's own parser passes over and the engine's does not."""


class Shelf:
    """An insert that keeps what it was given, and fails as it is told."""

    def __init__(self) -> None:
        self.ledger = Ledger("spans")
        self.stored: list[tuple[bytes, int]] = []
        self.down = False
        self.never: set[bytes] = set()

    def kinds(self) -> dict[str, Kind]:
        """The one kind there is."""
        return {"traces": Kind(self.insert, self.ledger)}

    def insert(self, bodies: Sequence[bytes], _items: int, /, *, project: str, received_at_ns: int) -> None:
        """Store *bodies*, or fail."""
        assert project == "p"
        if self.down or self.never.intersection(bodies):
            raise StoreUnavailable("down")
        if b"poison" in bodies:
            raise RejectedData("bad")
        self.stored += [(body, received_at_ns) for body in bodies]


def _clock() -> Iterator[int]:
    yield from range(1_000_000, 1_000_000_000, 1_000_000)


def _taking(shelf: Shelf, folder: Path) -> tuple[Intake, Replay, Spool]:
    spool = Spool.open(folder, max_bytes=MOST)
    times = _clock()
    return Intake(shelf.kinds(), spool, Receipts(lambda: next(times))), Replay(shelf.kinds(), spool), spool


def _put(intake: Intake, *bodies: bytes) -> None:
    """One group: what the committer does."""
    intake.put("traces", [Parcel(body, "p", 2) for body in bodies])


def _accept(shelf: Shelf, intake: Intake, *groups: Sequence[bytes]) -> None:
    for bodies in groups:
        shelf.ledger.accept(2 * len(bodies))
        _put(intake, *bodies)


def _drain(replay: Replay) -> None:
    while replay.step():
        pass


def test_group_is_acknowledged_and_replayed_when_the_store_was_down(tmp_path: Path) -> None:
    """In its order, with the time at which it was received."""
    shelf = Shelf()
    taking, replay, _ = _taking(shelf, tmp_path)
    shelf.down = True
    _accept(shelf, taking, [b"a", b"b"], [b"c"])
    assert (shelf.stored, shelf.ledger.snapshot().spooled) == ([], 6)

    shelf.down = False
    _drain(replay)

    counts = shelf.ledger.snapshot()
    assert shelf.stored == [(b"a", 1_000_000), (b"b", 1_000_000), (b"c", 2_000_000)]
    assert (counts.written, counts.replayed, counts.spooled, counts.missing) == (6, 6, 0, 0)


def test_group_is_replayed_by_the_next_process(tmp_path: Path) -> None:
    """It is recovered there, not received."""
    before = Shelf()
    before.down = True
    _accept(before, _taking(before, tmp_path)[0], [b"a"])

    after = Shelf()
    _, replay, _ = _taking(after, tmp_path)
    assert after.ledger.snapshot().spooled == 2
    _drain(replay)

    counts = after.ledger.snapshot()
    assert [body for body, _ in after.stored] == [b"a"]
    assert (counts.received, counts.recovered, counts.written, counts.missing) == (0, 2, 2, 0)


def test_new_groups_are_stored_at_once_when_the_store_is_back(tmp_path: Path) -> None:
    """They do not wait behind the spool."""
    shelf = Shelf()
    taking, _, _ = _taking(shelf, tmp_path)
    shelf.down = True
    _accept(shelf, taking, [b"old"])
    shelf.down = False
    _accept(shelf, taking, [b"new"])

    assert [body for body, _ in shelf.stored] == [b"new"]


def test_poison_in_the_spool_harms_only_itself(tmp_path: Path) -> None:
    """It is set aside and counted; what was received with it and after it is stored."""
    shelf = Shelf()
    taking, replay, _ = _taking(shelf, tmp_path)
    shelf.down = True
    _accept(shelf, taking, [b"a", b"poison", b"b"], [b"c"])
    shelf.down = False
    _drain(replay)

    counts = shelf.ledger.snapshot()
    assert [body for body, _ in shelf.stored] == [b"a", b"b", b"c"]
    assert (counts.rejected["refused_in_replay"], counts.spooled, counts.missing) == (2, 0, 0)
    assert len(list((tmp_path / REJECTED).iterdir())) == 1


def test_group_is_set_aside_when_the_store_takes_all_but_it(tmp_path: Path) -> None:
    """An error that is taken for the store's does not hold up the spool for ever."""
    shelf = Shelf()
    shelf.never = {b"stuck"}
    taking, replay, _ = _taking(shelf, tmp_path)
    _accept(shelf, taking, [b"stuck"], [b"a"])

    for attempt in range(intake.STUCK_AFTER - 1):
        with pytest.raises(StoreUnavailable):
            replay.step()
        _accept(shelf, taking, [b"%d" % attempt])
    _drain(replay)

    assert shelf.ledger.snapshot().rejected["refused_in_replay"] == 2
    assert shelf.ledger.snapshot().missing == 0


def test_group_is_kept_when_the_store_takes_nothing(tmp_path: Path) -> None:
    """However often it was tried."""
    shelf = Shelf()
    shelf.down = True
    taking, replay, _ = _taking(shelf, tmp_path)
    _accept(shelf, taking, [b"a"])

    for _ in range(3 * intake.STUCK_AFTER):
        with pytest.raises(StoreUnavailable):
            replay.step()

    assert shelf.ledger.snapshot().spooled == 2


def test_nothing_is_settled_that_is_in_the_spool(tmp_path: Path) -> None:
    """A trace is judged, and a pair priced, when all that was received of it can be seen."""
    shelf = Shelf()
    taking, replay, _ = _taking(shelf, tmp_path)
    shelf.down = True
    _accept(shelf, taking, [b"a"], [b"b"])
    waiting = taking.settled()
    shelf.down = False
    _drain(replay)

    assert waiting == datetime(1970, 1, 1, 0, 0, 0, 999, UTC)
    assert taking.settled() > datetime(1970, 1, 1, 0, 0, 0, 2000, UTC)


def test_spans_that_the_disk_lost_are_counted(tmp_path: Path) -> None:
    """Damaged while they waited: neither stored nor forgotten."""
    shelf = Shelf()
    taking, replay, spool = _taking(shelf, tmp_path)
    shelf.down = True
    _accept(shelf, taking, [b"one"], [b"second"], [b"three"])
    segment = spool.oldest()
    assert segment
    segment.path.write_bytes(segment.path.read_bytes().replace(b"second", b"dnoces"))
    shelf.down = False
    _drain(replay)

    counts = shelf.ledger.snapshot()
    assert [body for body, _ in shelf.stored] == [b"one", b"three"]
    assert (counts.rejected["damaged_in_spool"], counts.spooled, counts.missing) == (2, 0, 0)


def test_groups_are_as_they_were_received() -> None:
    """Of one project and one time; order is kept."""
    one, two = Record(1, "traces", "p", 1, b"1"), Record(1, "traces", "p", 1, b"2")
    other, later = Record(1, "traces", "q", 1, b"3"), Record(2, "traces", "q", 1, b"4")

    assert as_received([one, two, other, later, one]) == [[one, two], [other], [later], [one]]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_grow_up_to_a_limit(failures: int, chance: float) -> None:
    """And are spread, so that many collectors do not come back at once."""
    pause_s = pause_after(failures, chance)

    assert intake.FIRST_PAUSE_S / 2 <= pause_s <= intake.LONGEST_PAUSE_S
    assert pause_after(failures + 1, chance) >= pause_s


def test_spans_are_stored_once_when_the_engine_had_lost_a_table(store: Store, project: str, tmp_path: Path) -> None:
    """The real engine, failing for real: what was acknowledged meanwhile is there afterwards, poison apart."""
    ledger, spans = Ledger("spans"), [otlp.span({"gen_ai.usage.input_tokens": 7}) for _ in range(5)]
    kinds, spool = {"traces": Kind(store.insert_spans, ledger)}, Spool.open(tmp_path, max_bytes=MOST)
    taking, replay = Intake(kinds, spool, Receipts(lambda: stored.RECEIVED_NS)), Replay(kinds, spool)
    bodies = [otlp.body(span) for span in spans] + [otlp.body(otlp.span()) + POISON]
    ledger.accept(len(bodies))
    store.execute("DETACH TABLE spans")
    try:
        for body in bodies[:-1]:
            taking.put("traces", [Parcel(body, project, 1)])
        with pytest.raises(StoreUnavailable):
            replay.step()
        spool.append([Record(stored.RECEIVED_NS, "traces", project, 1, bodies[-1])], lambda: ledger.spool(1))
    finally:
        store.execute("ATTACH TABLE spans")
    _drain(replay)

    found = [row["span_id"] for row in stored.spans(store, project, "span_id")]
    counts = ledger.snapshot()
    assert sorted(found) == sorted(span.span_id.hex() for span in spans)
    assert (counts.replayed, counts.rejected["refused_in_replay"], counts.missing) == (5, 1, 0)


def test_poison_is_refused_by_the_real_engine(store: Store, project: str) -> None:
    """Which protobuf's own parser takes: otherwise the tests above and the fault suite would show nothing."""
    with pytest.raises(RejectedData, match="could not be decoded"):
        store.insert_spans([otlp.body(otlp.span()) + POISON], 1, project=project, received_at_ns=1)

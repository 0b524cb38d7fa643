"""A span counts once, whatever copies of it arrive: the one that ended later, then the one received later."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from copies import AFTER, BEFORE, CHILD_ID, MIDNIGHT, ROOT_ID, names, one_span, root_start, sent
from groundspan_collector import report
from groundspan_collector.store import Store
from groundspan_collector.supersede import Conflict, settle

EVERY_STORE = True


def test_later_copy_counts_when_it_starts_on_another_day(store: Store, project: str) -> None:
    """The same id at 23:59 and at 00:01 is one span, the later one, and its trace starts there."""
    sent(store, project, one_span(BEFORE, "early"))
    superseded = sent(store, project, one_span(AFTER, "late"))

    assert names(store, project) == ["late"]
    assert root_start(store, project) == AFTER
    assert superseded == 1


def test_earlier_copy_is_refused_when_a_later_one_is_stored(store: Store, project: str) -> None:
    """A copy that ended earlier changes nothing, however late it arrives."""
    sent(store, project, one_span(AFTER, "late"))
    superseded = sent(store, project, one_span(BEFORE, "early"))

    assert names(store, project) == ["late"]
    assert root_start(store, project) == AFTER
    assert superseded == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_last_end_counts_when_copies_come_in_any_order(store: Store, project: str, order: tuple[int, ...]) -> None:
    """Three copies in three hours: the one that ended last counts, whichever came first."""
    copies = [one_span(MIDNIGHT + timedelta(hours=hour), f"hour {hour}") for hour in range(3)]
    for number in order:
        sent(store, project, copies[number])

    assert names(store, project) == ["hour 2"]
    assert root_start(store, project) == MIDNIGHT + timedelta(hours=2)


def test_last_end_counts_when_copies_come_in_one_group(store: Store, project: str) -> None:
    """Copies of a span inside one insert are settled as well."""
    superseded = sent(store, project, one_span(AFTER, "late"), one_span(BEFORE, "early"))

    assert names(store, project) == ["late"]
    assert root_start(store, project) == AFTER
    assert superseded == 1


def test_later_receipt_counts_when_both_end_at_once(store: Store, project: str) -> None:
    """Of two copies with the same times the one received later is the correction."""
    sent(store, project, one_span(AFTER, "first"))
    superseded = sent(store, project, one_span(AFTER, "second"))

    assert names(store, project) == ["second"]
    assert superseded == 1


def test_nothing_is_superseded_when_the_same_bytes_come_again(store: Store, project: str) -> None:
    """A retry is a duplicate, not a correction."""
    body = one_span(AFTER, "same")

    assert [sent(store, project, body) for _ in range(3)] == [0, 0, 0]
    assert names(store, project) == ["same"]


def test_trace_keeps_its_other_spans_when_its_root_moves(store: Store, project: str) -> None:
    """A corrected root moves the trace's start; what else the trace has stays in it."""
    child = one_span(BEFORE, "child", span_id=CHILD_ID, parent_id=ROOT_ID)
    sent(store, project, one_span(BEFORE, "early"), child)
    sent(store, project, one_span(AFTER, "late"))

    [trace] = store.rows("SELECT * FROM traces_once WHERE project = {p:String}", {"p": project})
    assert names(store, project) == ["child", "late"]
    assert (trace["first_start"], trace["root_start"]) == (BEFORE, AFTER)


def test_correction_holds_when_the_parts_are_merged(store: Store, project: str) -> None:
    """A withdrawn copy does not come back when the engine merges."""
    sent(store, project, one_span(BEFORE, "early"))
    sent(store, project, one_span(AFTER, "late"))
    store.execute(f"OPTIMIZE TABLE {store.layout.changing('spans')} FINAL")

    assert names(store, project) == ["late"]


def test_clock_is_suspect_when_a_span_starts_long_before_or_after_its_receipt(store: Store, project: str) -> None:
    """More than 30 days old or 10 minutes ahead is stored and flagged."""
    now = datetime.now(UTC).replace(microsecond=0)
    ages = {"old": -timedelta(days=31), "now": timedelta(0), "ahead": timedelta(minutes=11)}
    for number, (name, age) in enumerate(ages.items(), start=1):
        sent(store, project, one_span(now + age, name, span_id=bytes([number] * 8)))

    rows = store.rows("SELECT name, clock_suspect FROM spans_once WHERE project = {p:String}", {"p": project})
    assert {row["name"]: row["clock_suspect"] for row in rows} == {"old": True, "now": False, "ahead": True}


def test_copy_must_beat_every_stored_one_when_there_are_several() -> None:
    """A span stored under two hours is settled against the stronger of them."""
    key = ("p", "t", "s")
    weak = Conflict(key, 1, 3, 10, 20, same_hour=False, same_times=False)
    strong = Conflict(key, 2, 3, 30, 20, same_hour=False, same_times=False)

    settlement = settle([weak, strong])

    assert settlement.refused == {key}
    assert settlement.withdrawn == ()


def test_default_window_leaves_out_a_request_when_its_clock_was_wrong(store: Store, project: str) -> None:
    """A request that came from hours ahead is in no window that ends now; one whose end is named has it."""
    now = datetime.now(UTC)
    received_at_ns = int((now - timedelta(hours=9)).timestamp() * 1e9)
    store.insert_spans([one_span(now - timedelta(hours=1), "ahead")], 1, project=project, received_at_ns=received_at_ns)

    def spans(until: str) -> list[object]:
        asked = report.ask("latency", since="2h", until=until, by="", k="", now=now)
        return [row["spans"] for row in report.run(store, asked, project=project).rows]

    assert spans("") == []
    assert spans(now.isoformat()) == [1]


def test_one_copy_counts_when_two_groups_bring_them_at_once(store: Store, project: str) -> None:
    """Groups that are on their way at the same time do not miss each other's copies."""
    copies = [one_span(MIDNIGHT + timedelta(hours=hour), f"hour {hour}") for hour in range(8)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda body: sent(store, project, body), copies))

    assert names(store, project) == ["hour 7"]
    assert root_start(store, project) == MIDNIGHT + timedelta(hours=7)

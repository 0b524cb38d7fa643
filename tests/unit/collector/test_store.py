"""The store: what is written comes back, and errors say whether to try again."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import otlp
import pytest
import stored
import stores
from groundspan_collector import decoder, engine, lane
from groundspan_collector.errors import ConfigError, RejectedData, StoreUnavailable
from groundspan_collector.store import Store
from opentelemetry.proto.trace.v1.trace_pb2 import Span

EVERY_STORE = True

MOMENT = datetime(2026, 9, 9, 12, 0, 0, 123456, UTC)


def test_times_come_back_as_they_were_inserted(store: Store, project: str) -> None:
    """To the microsecond, aware, whatever zone they were given in: what was judged up to a time is compared with it."""
    tokyo = MOMENT.astimezone(timezone(timedelta(hours=9)))
    store.insert("answers", [{"project": project, "trace_id": "t", "last_received": tokyo, "judged_at": MOMENT}])

    (row,) = store.rows(
        "SELECT last_received, judged_at FROM answers WHERE project = {project:String} "
        "AND last_received = {moment:DateTime64(9)}",
        {"project": project, "moment": tokyo},
    )

    assert row == {"last_received": MOMENT, "judged_at": MOMENT}


def test_receipt_is_the_microsecond_that_was_given(store: Store, project: str) -> None:
    """The trace's row and its spans say the same."""
    stored.insert(store, project, otlp.span(), received_at_ns=otlp.NOON_NS + 123_456_789)

    (span,) = stored.spans(store, project, "received_at")
    (trace,) = store.rows("SELECT last_received FROM traces_once WHERE project = {p:String}", {"p": project})

    assert span["received_at"] == trace["last_received"] == datetime(2026, 9, 9, 12, 0, 0, 123456, UTC)


@pytest.mark.parametrize(
    "text", ["it's", 'a "b"', "back\\slash", "{braces:String}", "%s", "line\nbreak\ttab", "ü🤖", "\x00", ""]
)
def test_text_comes_back_as_it_was_bound(store: Store, text: str) -> None:
    """A parameter is data, never SQL."""
    (row,) = store.rows("SELECT {text:String} AS text, {texts:Array(String)} AS texts", {"text": text, "texts": [text]})

    assert row == {"text": text, "texts": [text]}


def test_money_comes_back_exactly(store: Store, project: str) -> None:
    """Eighteen places behind the point."""
    cost = Decimal("123456789.000000000000000001")
    store.insert("prices", [{"provider": project, "model": "m", "version": 1, "input_usd": cost, "request_usd": None}])

    (row,) = store.rows("SELECT input_usd, request_usd FROM prices WHERE provider = {p:String}", {"p": project})

    assert row == {"input_usd": cost, "request_usd": None}


def test_inserting_nothing_is_nothing(store: Store) -> None:
    """A batch in which no answer has claims has no verdicts."""
    store.insert("verdicts", [])


def test_bytes_that_are_no_request_are_rejected(store: Store, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bytes will be refused again; the next request is not harmed by them."""
    # It says that it is longer than it is: the engine waits for the rest.
    monkeypatch.setattr(decoder, "PATIENCE_S", 0.1)
    with pytest.raises(RejectedData, match="1 requests could not be decoded"):
        store.insert_spans([b"\x0a\xff\xff\xff\xff\x0f"], 1, project=project, received_at_ns=1)

    stored.insert(store, project, otlp.span())
    assert len(stored.spans(store, project)) == 1


def test_query_that_fails_says_that_the_store_did_not_answer(store: Store) -> None:
    """Ours is the fault, not the data's."""
    with pytest.raises(StoreUnavailable, match="the store did not answer"):
        store.rows("SELECT nothing_of_this_name")


def test_spans_are_all_there_when_two_threads_write_at_a_time(store: Store, project: str) -> None:
    """Each group passes through a lane of its own."""
    spans = [[otlp.span({"groundspan.stage": "tool"}) for _ in range(20)] for _ in range(10)]

    def write(groups: list[list[Span]]) -> None:
        for group in groups:
            stored.insert(store, project, *group)

    threads = [threading.Thread(target=write, args=(spans[number::3],)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = [row["span_id"] for row in stored.spans(store, project, "span_id")]
    assert sorted(found) == sorted(span.span_id.hex() for group in spans for span in group)


def test_chunk_texts_of_projects_are_apart(store: Store, project: str) -> None:
    """A reader of one project must not be given the other's by a hash."""
    documents: dict[str, otlp.Value] = {"gen_ai.retrieval.documents": '[{"content": "shared text"}]'}
    for name in (project, project + "-2"):
        stored.insert(store, name, otlp.span(documents), otlp.span(documents))

    rows = store.rows(
        "SELECT project, count() AS n FROM (SELECT * FROM chunks FINAL) WHERE project IN {projects:Array(String)} "
        "GROUP BY project ORDER BY project",
        {"projects": [project, project + "-2"]},
    )

    assert rows == [{"project": project, "n": 1}, {"project": project + "-2", "n": 1}]


def test_every_chunk_is_written_when_some_were_before(store: Store, project: str) -> None:
    """A new chunk beside known ones, of the same project or of another."""
    known, new = ({"gen_ai.retrieval.documents": f'[{{"content": "{text}"}}]'} for text in ("known", "new"))
    stored.insert(store, project, otlp.span(known))
    stored.insert(store, project, otlp.span(known), otlp.span(new))
    stored.insert(store, project + "-2", otlp.span(known))

    rows = store.rows(
        "SELECT DISTINCT project, text FROM chunks WHERE project IN {projects:Array(String)} ORDER BY project, text",
        {"projects": [project, project + "-2"]},
    )

    assert [(row["project"], row["text"]) for row in rows] == [
        (project, "known"),
        (project, "new"),
        (project + "-2", "known"),
    ]


def test_spans_are_all_there_when_a_group_is_more_than_a_message(store: Store, project: str) -> None:
    """A large group is decoded in parts; its spans are in one insert all the same."""
    requests = [otlp.body(otlp.span({"text": "x" * (lane.MESSAGE_BYTES // 3)})) for _ in range(5)]

    store.insert_spans(requests, len(requests), project=project, received_at_ns=stored.RECEIVED_NS)

    assert len(stored.spans(store, project, "span_id")) == 5


@pytest.mark.parametrize(
    ("sizes", "most", "expected"),
    [((), 4, [0]), ((3,), 4, [1]), ((5, 5), 4, [1, 1]), ((2, 2, 1, 3), 4, [2, 2]), ((4, 1, 9, 1), 4, [1, 1, 1, 1])],
)
def test_parts_end_before_they_are_too_large(sizes: tuple[int, ...], most: int, expected: list[int]) -> None:
    """Each has one body at least, however large; together they are what was given."""
    bodies = [bytes([number]) * size for number, size in enumerate(sizes)]

    parts = list(lane.parts(bodies, most))

    assert [len(part) for part in parts] == expected
    assert [body for part in parts for body in part] == bodies


def test_chunks_are_forgotten_when_there_are_many() -> None:
    """What was written last is remembered, within a bound."""
    written = lane.WrittenChunks(most=4)
    keys = [("p", number) for number in range(7)]
    for key in keys:
        written.add({key})

    assert written.missing(set(keys[-2:])) == set()
    assert len(written.missing(set(keys))) >= 3


def test_trace_has_its_roots_start_and_its_last_end(store: Store, project: str) -> None:
    """However its spans arrived: late, in parts, twice."""
    trace_id, root = otlp.new_trace_id(), otlp.new_span_id()
    child = otlp.span(trace_id=trace_id, parent=root, start_ns=otlp.NOON_NS - otlp.SECOND, duration_ns=9 * otlp.SECOND)
    parent = otlp.span(trace_id=trace_id, span_id=root, duration_ns=5 * otlp.SECOND)
    sql = "SELECT root_start, first_start, last_end FROM traces_once WHERE project = {project:String}"
    noon, second = datetime(2026, 9, 9, 12, tzinfo=UTC), timedelta(seconds=1)

    stored.insert(store, project, child)
    without_root = store.rows(sql, {"project": project})
    for _ in range(2):
        stored.insert(store, project, parent, child)

    assert [row["root_start"] for row in without_root] == [noon - second]
    assert store.rows(sql, {"project": project}) == [
        {"root_start": noon, "first_start": noon - second, "last_end": noon + 8 * second}
    ]


def test_store_is_refused_when_its_folder_cannot_be_made(tmp_path: Path) -> None:
    """With the option that names it."""
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="--data-dir"):
        Store.open(tmp_path / "file" / "store", memory_bytes=1 << 30)


@pytest.mark.skipif(not engine.priority_comes_back(), reason="a thread here may not take its priority back")
def test_queries_give_way_to_requests(store_of: Callable[[str], Store]) -> None:
    """Reports run at a lower priority than what is being acknowledged."""
    rows = store_of(stores.EMBEDDED).rows("SELECT getSetting('os_threads_nice_value_query') AS nice")

    assert rows == [{"nice": 10}]

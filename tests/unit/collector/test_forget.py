"""What is to be forgotten is erased from every table and from what was set aside, and nothing else is."""

from collections.abc import Iterator
from pathlib import Path

import otlp
import pytest
import stored
from faults import POISON
from groundspan_collector.decode import validate
from groundspan_collector.errors import NotFound, RejectedData, StoreUnavailable
from groundspan_collector.forget import forget, wait_for_replay
from groundspan_collector.spool import REJECTED, Record, Spool
from groundspan_collector.store import Store
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

EVERY_STORE = True

SHARED = '[{"content": "A chunk that two users were given."}]'
OWN = '[{"content": "A chunk that one user alone was given."}]'


@pytest.fixture
def aside(tmp_path: Path) -> Iterator[Spool]:
    """A spool in which nothing was set aside yet."""
    spool = Spool.open(tmp_path / "spool", max_bytes=1 << 20)
    yield spool
    spool.close()


def set_aside(spool: Spool, *spans: Span, token_project: str = "", resource: otlp.Attributes | None = None) -> None:
    """A request of which the store takes nothing."""
    body = otlp.body(*spans, resource=resource) + POISON
    spool.set_aside(Record(stored.RECEIVED_NS, "traces", token_project, len(spans), body))


def left_aside(spool: Spool) -> list[str]:
    """The names of the spans that are still set aside."""
    requests = [ExportTraceServiceRequest.FromString(record.body) for record in spool.rejected()]
    return [span.name for request in requests for span in validate.spans(request)]


def insert(store: Store, project: str, user: str, documents: str) -> str:
    """A trace of one retrieval for *user*; its id."""
    span = otlp.span({"user.id": user, "gen_ai.retrieval.documents": documents}, name=user)
    stored.insert(store, project, span)
    return span.trace_id.hex()


def texts(store: Store, project: str) -> list[object]:
    """The chunks that the project still has."""
    rows = store.rows("SELECT DISTINCT text FROM chunks WHERE project = {p:String}", {"p": project})
    return [row["text"] for row in rows]


def test_trace_is_erased_when_it_is_named(store: Store, aside: Spool, project: str) -> None:
    """The named trace is gone from the spans and from the list of traces; the other stays."""
    trace_id = insert(store, project, "ann", OWN)
    insert(store, project, "bob", SHARED)

    assert forget(store, aside, trace=trace_id, user="", project="") == 1
    assert [row["name"] for row in stored.spans(store, project)] == ["bob"]
    [left] = store.rows("SELECT count() AS n FROM spans_trace_id_ts WHERE project = {p:String}", {"p": project})
    assert left["n"] == 1


def test_chunks_go_with_the_last_span_when_a_user_is_forgotten(store: Store, aside: Spool, project: str) -> None:
    """A chunk that another user was given too stays; one's own is erased."""
    insert(store, project, "ann", OWN)
    insert(store, project, "ann", SHARED)
    insert(store, project, "bob", SHARED)

    assert forget(store, aside, trace="", user="ann", project=project) == 2
    assert texts(store, project) == ["A chunk that two users were given."]


def test_erased_chunk_is_there_again_when_a_later_span_has_it(store: Store, aside: Spool, project: str) -> None:
    """What the collector remembers having written is no reason to leave it out."""
    insert(store, project, "ann", OWN)
    forget(store, aside, trace="", user="ann", project=project)

    insert(store, project, "bob", OWN)

    assert texts(store, project) == ["A chunk that one user alone was given."]


def test_other_projects_stay_when_a_token_is_confined(store: Store, aside: Spool, project: str) -> None:
    """Whoever may write one project cannot erase from another."""
    trace_id = insert(store, project, "ann", OWN)

    with pytest.raises(NotFound, match="nothing is stored of the trace"):
        forget(store, aside, trace=trace_id, user="", project="another")
    assert len(stored.spans(store, project)) == 1


@pytest.mark.parametrize(("trace", "user"), [("", ""), ("ab", "ann")])
def test_forgetting_is_refused_when_it_is_not_said_what(store: Store, aside: Spool, trace: str, user: str) -> None:
    """Neither, or both, is a mistake: nobody erases everything by leaving a word out."""
    with pytest.raises(RejectedData, match="either a trace"):
        forget(store, aside, trace=trace, user=user, project="")


def test_spans_that_were_set_aside_are_erased_when_their_trace_is_named(
    store: Store, aside: Spool, project: str
) -> None:
    """Of a request with two traces the other one stays; a request with this one alone goes."""
    gone, also_gone, kept = (otlp.span(name=name) for name in ("gone", "also gone", "kept"))
    also_gone.trace_id = gone.trace_id
    set_aside(aside, gone, kept, token_project=project)
    set_aside(aside, also_gone, token_project=project)

    assert forget(store, aside, trace=gone.trace_id.hex().upper(), user="", project=project) == 1
    assert left_aside(aside) == ["kept"]
    assert [record.items for record in aside.rejected()] == [1]


def test_whole_traces_that_were_set_aside_are_erased_when_their_user_is_named(
    store: Store, aside: Spool, project: str
) -> None:
    """Also those of which only another request, or the store, says whose they are; another user's stay."""
    said, unsaid = otlp.span({"langfuse.user.id": "ann"}, name="said"), otlp.span(name="unsaid")
    unsaid.trace_id = said.trace_id
    rest = otlp.span(name="rest of what is stored", trace_id=bytes.fromhex(insert(store, project, "ann", OWN)))
    for span in (unsaid, said, rest, otlp.span({"user.id": "bob"}, name="bob's")):
        set_aside(aside, span, token_project=project)

    assert forget(store, aside, trace="", user="ann", project=project) == 2
    assert left_aside(aside) == ["bob's"]
    assert stored.spans(store, project) == []


def test_spans_that_were_set_aside_stay_when_a_token_is_confined(store: Store, aside: Spool, project: str) -> None:
    """Their project is that of the token, of the span or of its resource, in this order."""
    of_token, of_span, of_resource = (
        otlp.span({"user.id": "ann", **({"groundspan.project": "p"} if name == "span's" else {})}, name=name)
        for name in ("token's", "span's", "resource's")
    )
    set_aside(aside, of_token, token_project="p", resource={"groundspan.project": project})
    set_aside(aside, of_span, resource={"groundspan.project": project})
    set_aside(aside, of_resource, resource={"groundspan.project": project})

    assert forget(store, aside, trace="", user="ann", project=project) == 1
    assert sorted(left_aside(aside)) == ["span's", "token's"]


def test_log_records_that_were_set_aside_are_erased_with_their_trace(store: Store, aside: Spool, project: str) -> None:
    """They carry the question and the answer; data points belong to no trace, and stay."""
    span = otlp.span({"user.id": "ann"})
    stored.insert(store, project, span)
    told = otlp.logs(otlp.log("gen_ai.user.message", body="a question", span=span)).SerializeToString()
    aside.set_aside(Record(stored.RECEIVED_NS, "logs", project, 1, told))
    aside.set_aside(Record(stored.RECEIVED_NS, "metrics", project, 1, b"points"))

    forget(store, aside, trace="", user="ann", project="")

    assert [record.kind for record in aside.rejected()] == ["metrics"]


def test_nothing_of_a_request_is_left_on_the_disk_when_a_part_of_it_is_erased(
    store: Store, aside: Spool, project: str, tmp_path: Path
) -> None:
    """One file, without the text, which another process reads."""
    secret = otlp.span({"gen_ai.prompt": "a secret of ann"}, name="gone")
    set_aside(aside, secret, otlp.span(name="kept"), token_project=project)
    # A crash left it.
    (tmp_path / "spool" / REJECTED / "earlier.part").write_bytes(b"a secret of ann")

    forget(store, aside, trace=secret.trace_id.hex(), user="", project="")

    (path,) = (tmp_path / "spool" / REJECTED).iterdir()
    assert b"a secret of ann" not in path.read_bytes()
    assert left_aside(Spool.open(tmp_path / "spool", max_bytes=1 << 20)) == ["kept"]


def test_forgetting_waits_no_longer_than_it_may_for_what_is_not_stored_yet(aside: Spool) -> None:
    """What is in the spool could bring back what is erased: to be tried again."""
    wait_for_replay(aside, 0)
    aside.append([Record(stored.RECEIVED_NS, "traces", "", 1, b"body")], lambda: None)

    with pytest.raises(StoreUnavailable, match="try again"):
        wait_for_replay(aside, 0)

"""The SELECT that does not end: what it makes of messages that are not what they say."""

import otlp
import pytest
import stored
from groundspan_collector import decode, decoder
from groundspan_collector.decode import validate
from groundspan_collector.errors import RejectedData
from groundspan_collector.store import Store


def test_sender_cannot_write_what_we_know_of_a_group(store: Store, project: str) -> None:
    """Its own fields of our numbers, before ours, do not count; without a token there is no project of ours."""
    forged = b"".join(decode.group([], "another", 1))
    body = otlp.body(otlp.span({"groundspan.stage": "tool"}), resource={"groundspan.project": project})

    store.insert_spans([body + forged, forged], 1, project="", received_at_ns=stored.RECEIVED_NS)

    (row,) = stored.spans(store, project, "received_at")
    assert row["received_at"].timestamp() * 1e9 == stored.RECEIVED_NS


def test_group_is_refused_when_it_holds_fewer_spans_than_it_should(
    store: Store, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting for one that never comes would stop the lane for ever; the next group is not harmed."""
    monkeypatch.setattr(decoder, "PATIENCE_S", 0.1)
    with pytest.raises(RejectedData, match="1 spans fewer"):
        store.insert_spans([otlp.body(otlp.span())], 2, project=project, received_at_ns=1)

    stored.insert(store, project, otlp.span())
    assert len(stored.spans(store, project)) == 1


def test_group_is_refused_when_the_engine_finds_spans_that_nobody_checked(store: Store, project: str) -> None:
    """A known field as one of protobuf's old groups: unknown to the parser that checks ids and times, not to it."""
    body = otlp.body(otlp.span())
    resource_spans = body[body.index(b"\x12") :]
    for smuggled in (b"\x0b" + resource_spans + b"\x0c", b"\x0a\x04\x12\x02\x13\x14"):
        assert validate.trace_request(body + smuggled).items == 1
        with pytest.raises(RejectedData, match="1 spans more"):
            store.insert_spans([body + smuggled], 1, project=project, received_at_ns=1)

    stored.insert(store, project, otlp.span())
    assert len(stored.spans(store, project)) == 1


def test_group_is_stored_when_the_engine_is_slower_than_we_are_patient(
    store: Store, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipe is closed too early, and the rows come out all the same."""
    monkeypatch.setattr(decoder, "PATIENCE_S", 0.0)
    for _ in range(3):
        stored.insert(store, project, *(otlp.span() for _ in range(300)))

    assert len(stored.spans(store, project, "span_id")) == 900


def test_group_without_spans_is_nothing(store: Store, project: str) -> None:
    """Of it no row would ever come."""
    store.insert_spans([b"", b""], 0, project=project, received_at_ns=1)

    assert stored.spans(store, project) == []

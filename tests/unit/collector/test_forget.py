"""What is to be forgotten is erased from every table, and nothing else is."""

import otlp
import pytest
import stored
from groundspan_collector.errors import NotFound, RejectedData
from groundspan_collector.forget import forget
from groundspan_collector.store import Store

SHARED = '[{"content": "A chunk that two users were given."}]'
OWN = '[{"content": "A chunk that one user alone was given."}]'


def insert(store: Store, project: str, user: str, documents: str) -> str:
    """A trace of one retrieval for *user*; its id."""
    span = otlp.span({"user.id": user, "gen_ai.retrieval.documents": documents}, name=user)
    stored.insert(store, project, span)
    return span.trace_id.hex()


def texts(store: Store, project: str) -> list[object]:
    """The chunks that the project still has."""
    rows = store.rows("SELECT DISTINCT text FROM chunks WHERE project = {p:String}", {"p": project})
    return [row["text"] for row in rows]


def test_trace_is_erased_when_it_is_named(store: Store, project: str) -> None:
    """The named trace is gone from the spans and from the list of traces; the other stays."""
    trace_id = insert(store, project, "ann", OWN)
    insert(store, project, "bob", SHARED)

    assert forget(store, trace=trace_id, user="", project="") == 1
    assert [row["name"] for row in stored.spans(store, project)] == ["bob"]
    [left] = store.rows("SELECT count() AS n FROM spans_trace_id_ts WHERE project = {p:String}", {"p": project})
    assert left["n"] == 1


def test_chunks_go_with_the_last_span_when_a_user_is_forgotten(store: Store, project: str) -> None:
    """A chunk that another user was given too stays; one's own is erased."""
    insert(store, project, "ann", OWN)
    insert(store, project, "ann", SHARED)
    insert(store, project, "bob", SHARED)

    assert forget(store, trace="", user="ann", project=project) == 2
    assert texts(store, project) == ["A chunk that two users were given."]


def test_other_projects_stay_when_a_token_is_confined(store: Store, project: str) -> None:
    """Whoever may write one project cannot erase from another."""
    trace_id = insert(store, project, "ann", OWN)

    with pytest.raises(NotFound, match="nothing is stored of the trace"):
        forget(store, trace=trace_id, user="", project="another")
    assert len(stored.spans(store, project)) == 1


@pytest.mark.parametrize(("trace", "user"), [("", ""), ("ab", "ann")])
def test_forgetting_is_refused_when_it_is_not_said_what(store: Store, trace: str, user: str) -> None:
    """Neither, or both, is a mistake: nobody erases everything by leaving a word out."""
    with pytest.raises(RejectedData, match="either a trace"):
        forget(store, trace=trace, user=user, project="")

"""One trace: found by its id, read as a tree, its claims beside the chunks they were compared with."""

from datetime import timedelta

import pytest
import rows
from groundspan_collector import traces, windows
from groundspan_collector.errors import NotFound, RejectedData
from groundspan_collector.store import Store
from rows import NOON, Trace, chunk

ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TEXT = "The limit is 42 files. It was raised in 2019."


@pytest.fixture
def trace(store: Store, project: str) -> Trace:
    """A trace with a retrieval, a priced call, and an answer of two claims, one of them contradicted."""
    rows.insert_prices(
        store,
        [{"provider": "acme", "model": project, "input_usd": "0.000002", "output_usd": "0.00001"} | _REST],
    )
    rows.insert_chunks(store, project, {7: TEXT, 8: "another"})
    trace = Trace(project, ID, dimensions={"version": "v2"}).span("a1", name="ask", for_ms=100)
    found = [chunk(7, "limits", 0.9, "limits.md"), chunk(8, "b", float("nan"))]
    trace.span("b1", "a1", stage="retrieve", name="search", from_ms=10, for_ms=20, chunks=found)
    trace.span("c1", "a1", stage="generate", name="chat", from_ms=40, for_ms=50, provider="acme", model=project)
    trace.spans[-1] |= {"input_tokens": 100, "output_tokens": 10}
    answer = "The limit is 24 files. It was raised in 2019."
    trace.answer(ungrounded=True, ungrounded_probability=0.9, answer=answer, contradicted_claims=1, supported_claims=1)
    place = {"chunk": 0, "chunk_hash": 7, "chunk_id": "limits", "chunk_source": "limits.md"}
    trace.verdict(0, "contradicted", start=0, end=22, text=answer[:22])
    trace.verdict(1, "supported", start=23, end=45, text=answer[23:])
    trace.verdicts[0] |= place | {"evidence_start": 0, "evidence_end": 22, "reason": "number: 24 is not 42"}
    trace.verdicts[1] |= place | {"evidence_start": 23, "evidence_end": 45}
    rows.insert(store, trace)
    return trace


_REST = {"cache_read_usd": "0", "cache_write_usd": "0", "reasoning_usd": "0", "request_usd": "0"}


def test_a_trace_is_a_tree_with_money_chunks_and_claims(store: Store, trace: Trace) -> None:
    """What is shown of a trace: times, tokens, cost, chunks with their texts, claims with their evidence."""
    shown = traces.document(store, ID[:8], project=trace.project)

    assert {name: shown[name] for name in ("trace_id", "project", "version", "calls", "cost_usd")} == {
        "trace_id": ID,
        "project": trace.project,
        "version": "v2",
        "calls": 1,
        "cost_usd": "0.0003",
    }
    assert shown["root_start"] == "2026-11-03T12:00:00.000000000Z"
    spans = shown["spans"]
    assert isinstance(spans, list)
    places = [(s["span_id"], s["depth"], s["offset_ns"] / 1e6, s["own_ns"] / 1e6, s["cost_usd"]) for s in spans]
    assert places == [("a1", 0, 0, 30, None), ("b1", 1, 10, 20, None), ("c1", 1, 40, 50, "0.0003")]
    assert spans[1]["chunks"] == [
        {"rank": 0, "id": "limits", "score": 0.9, "source": "limits.md", "text": TEXT},
        {"rank": 1, "id": "b", "score": None, "source": "", "text": "another"},
    ]
    answer = shown["answer"]
    assert isinstance(answer, dict)
    assert [claim["text"] for claim in answer["claims"]] == ["The limit is 24 files.", "It was raised in 2019."]
    assert answer["claims"][0]["evidence"] == {
        "chunk": 0,
        "id": "limits",
        "source": "limits.md",
        "start": 0,
        "end": 22,
        "before": "",
        "text": "The limit is 42 files.",
        "after": " It was raised in 2019.",
    }


def test_a_terminal_shows_the_claim_beside_the_chunk_that_contradicts_it(store: Store, trace: Trace) -> None:
    """The tree, the money, each claim with its mark, and the passage of an ungrounded one."""
    shown = traces.render(traces.document(store, ID, project=trace.project), 120)

    lines = shown.splitlines()
    assert any(line.startswith("├─ search") and "2 chunks" in line for line in lines)
    assert any(line.startswith("└─ chat") and "100 in, 10 out tokens  $0.0003" in line for line in lines)
    assert any("✗ contradicted" in line and "24 files" in line and "»The limit is 42" in line for line in lines)
    assert any("✓ supported" in line and "chunk 0 limits limits.md" in line for line in lines)
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("bad", ["4bf92f3", "4bf92f3577b34da6a3ce929d0e0e47360", "not-hexadecimal", "", "%' OR 1"])
def test_what_is_no_id_is_refused(store: Store, bad: str) -> None:
    """Fewer than 8 digits, more than 32, or no digits."""
    with pytest.raises(RejectedData, match="32 hexadecimal digits"):
        traces.document(store, bad, project="")


def test_an_unknown_trace_is_not_found(store: Store, trace: Trace) -> None:
    """Neither an id that nobody sent, nor one of another project."""
    with pytest.raises(NotFound):
        traces.document(store, "0123456789abcdef", project=trace.project)
    with pytest.raises(NotFound):
        traces.document(store, ID, project=f"not-{trace.project}")


def test_a_prefix_of_two_traces_is_refused(store: Store, project: str) -> None:
    """Both are named, so that a person can go on."""
    rows.insert(store, *(Trace(project, f"abcdabcd{i:024x}").span("a1") for i in range(2)))

    with pytest.raises(RejectedData, match=f"abcdabcd{0:024x}.*abcdabcd{1:024x}"):
        traces.document(store, "abcdabcd", project=project)


def test_control_characters_and_markup_are_shown_not_obeyed(store: Store, project: str) -> None:
    """What a model wrote cannot colour, clear or forge a terminal."""
    evil = "[bold]\x1b[2J\x9b31m\r\u202eclaim[/bold]"
    trace = Trace(project, "e" * 32).span("a1", name=evil, status="error", status_message=evil)
    trace.answer(ungrounded=True, answer=evil, question=evil, unsupported_claims=1)
    rows.insert(store, trace.verdict(0, "unsupported", text=evil, reason=evil))

    shown = traces.render(traces.document(store, "e" * 32, project=project), 400)

    assert not {"\x1b", "\x9b", "\r", "\u202e"} & set(shown)
    assert shown.count(r"[bold]\x1b[2J\x9b31m\r\u202eclaim[/bold]") == 6


def test_the_newest_traces_come_first(store: Store, project: str) -> None:
    """All of them, or those with an ungrounded answer; one that nobody judged has no verdict yet."""
    old, bad, new = (Trace(project, f"{i:032x}", at=NOON + timedelta(seconds=i)) for i in range(3))
    old.span("a1", name="first").answer(supported_claims=1)
    bad.span("a1", name="second", version="v2").span("b1", "a1", name="inner", from_ms=-1)
    bad.answer(ungrounded=True, ungrounded_probability=0.75, contradicted_claims=1, unsupported_claims=2)
    rows.insert(store, old, bad, new.span("a1", name="third"))
    day = windows.window("24h", "", NOON + timedelta(hours=1))

    every = traces.newest(store, day, ungrounded=False, limit=20, project=project)
    ungrounded = traces.newest(store, day, ungrounded=True, limit=20, project=project)

    assert [(row["name"], row["status"], row["ungrounded"]) for row in every] == [
        ("third", None, None),
        ("second", "judged", True),
        ("first", "judged", False),
    ]
    assert ungrounded == [
        {
            "project": project,
            "trace_id": f"{1:032x}",
            "root_start": "2026-11-03T12:00:01.000000000Z",
            "service": "library",
            "version": "v2",
            "name": "second",
            "status": "judged",
            "ungrounded": True,
            "ungrounded_probability": 0.75,
            "contradicted_claims": 1,
            "unsupported_claims": 2,
        }
    ]
    assert len(traces.newest(store, day, ungrounded=False, limit=1, project=project)) == 1

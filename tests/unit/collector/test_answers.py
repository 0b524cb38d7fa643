"""Which text of a trace is its answer, and which chunks it should stand on."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from groundspan_collector.answers import Chunk, TraceSpan, answer_of

T0 = datetime(2026, 9, 9, 12, tzinfo=UTC)
A, B, C = (Chunk(number, name, f"{name}.md") for number, name in enumerate("abc"))


def _span(
    span_id: str,
    parent: str = "root",
    *,
    at: int = 0,
    output: str = "",
    query: str = "",
    chunks: tuple[Chunk, ...] = (),
    context: tuple[str, ...] = (),
) -> TraceSpan:
    """A span whose stage is the first word of its id; the root's parent is empty."""
    return TraceSpan(
        span_id=span_id,
        parent_span_id="" if span_id == "pipeline root" else f"pipeline {parent}" if parent == "root" else parent,
        stage=span_id.partition(" ")[0],
        start_time=T0 + timedelta(seconds=at),
        duration_ns=1,
        query=query,
        output=output,
        chunks=chunks,
        context_span_ids=context,
        provider="",
        model=f"model of {span_id}",
        service="",
        version="",
        environment="",
        session="",
        user="",
        segments={},
    )


def _root(output: str = "", query: str = "") -> TraceSpan:
    return _span("pipeline root", output=output, query=query)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], None),
        ([_root()], None),
        ([_root("said")], "pipeline root"),
        ([_root("said"), _span("generate", output="draft")], "pipeline root"),
        ([_root(" \n"), _span("generate", output="said")], "generate"),
        ([_root(), _span("generate 1", at=1, output="draft"), _span("generate 2", at=2, output="said")], "generate 2"),
        ([_root(), _span("generate 1", at=1, output="said"), _span("generate 2", at=2)], "generate 1"),
        ([_root(), _span("retrieve"), _span("generate", "retrieve", output="rewritten")], None),
        ([_root(), _span("tool"), _span("chain", "tool"), _span("generate", "chain", output="inner")], None),
        ([_root(), _span("evaluate"), _span("generate", "evaluate", output="good"), _span("generate 2", output="said")],
         "generate 2"),
        ([_span("generate", "never received", output="said")], "generate"),
        ([_span("agent", "never received", output="said")], "agent"),
        ([_span("tool", "never received", output="said")], None),
        ([_root(), _span("retrieve", output="text")], None),
    ],
    ids=["no spans", "no text", "the root's", "the root's before the call's", "blank root", "the last call",
         "the last that spoke", "beneath a retrieval", "deep beneath a tool", "an evaluator's", "orphan",
         "orphaned agent", "a tool's", "a retrieval's"],
)  # fmt: skip
def test_answer_is_the_roots_text_or_the_last_calls(spans: list[TraceSpan], expected: str | None) -> None:
    """Calls that serve a retrieval, a tool or an evaluator are priced, never judged."""
    answer = answer_of(spans)

    assert (answer.span.span_id if answer else None) == expected


def test_model_is_that_of_the_call_behind_the_roots_text() -> None:
    """Reports by model need it, whoever spoke last."""
    answer = answer_of([_root("said"), _span("generate", output="draft")])

    assert answer
    assert answer.generate
    assert (answer.text, answer.generate.model) == ("said", "model of generate")


GENERATE = _span("generate", at=9, output="said")
RETRIEVE_A = _span("retrieve a", at=1, chunks=(A, B))
RETRIEVE_B = _span("retrieve b", at=2, chunks=(B, C))
RERANK = _span("rerank", at=3, chunks=(C,))
LATE = _span("retrieve late", at=10, chunks=(A,))


@pytest.mark.parametrize(
    ("spans", "context_span", "chunks"),
    [
        ([_span("generate", output="said", chunks=(A,), context=("rerank",)), RERANK], "", (A,)),
        ([_span("generate", at=9, output="said", context=("retrieve a",)), RETRIEVE_A, RERANK], "retrieve a", (A, B)),
        ([_span("generate", at=9, output="said", context=("lost",)), RETRIEVE_A], "retrieve a", (A, B)),
        ([GENERATE, RETRIEVE_A, RETRIEVE_B], "retrieve b", (A, B, C)),
        ([GENERATE, RETRIEVE_A, RETRIEVE_B, RERANK], "rerank", (C,)),
        ([GENERATE, LATE], "", ()),
        ([GENERATE], "", ()),
        ([_span("pipeline root", output="said"), RETRIEVE_A], "retrieve a", (A, B)),
    ],
    ids=["given", "named", "named and lost", "all retrievals", "the last rerank", "after the call", "none", "no call"],
)
def test_chunks_are_those_that_the_call_stood_on(
    spans: list[TraceSpan], context_span: str, chunks: tuple[Chunk, ...]
) -> None:
    """What it was given, else what it names, else the last rerank, else all retrievals before it."""
    answer = answer_of([_root(), *spans] if spans[0].stage != "pipeline" else spans)

    assert answer
    assert (answer.context_span_id, answer.chunks) == (context_span, chunks)


def test_answer_does_not_depend_on_the_order_of_spans() -> None:
    """They arrive as they like."""
    spans = [_root("said"), GENERATE, RETRIEVE_A, RETRIEVE_B]

    answers = [answer_of(order) for order in permutations(spans)]

    assert answers[0]
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize(
    "parents", [("x", "x"), ("generate 2", "generate 1"), ("generate 1", "generate 2")], ids=["lost", "circle", "own"]
)
def test_answer_is_found_when_parents_make_no_tree(parents: tuple[str, str]) -> None:
    """Whatever ids an emitter sends, the search ends."""
    first, second = parents
    answer = answer_of(
        [_span("generate 1", first, at=1, output="one"), _span("generate 2", second, at=2, output="two")]
    )

    assert answer
    assert answer.text == "two"


def test_question_is_the_roots_or_the_first_that_was_asked() -> None:
    """The root's own words win."""
    asked = [_span("retrieve", at=1, query="rewritten"), _span("generate", at=2, output="said", query="prompt")]

    questions = [answer.question for root in (_root(query="asked"), _root()) if (answer := answer_of([root, *asked]))]

    assert questions == ["asked", "prompt"]

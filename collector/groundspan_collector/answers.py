"""The spans of one trace -> its answer, and the chunks that the answer should stand on. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

ANSWERING: Final = frozenset({"pipeline", "agent", "chain"})
FETCHING: Final = frozenset({"retrieve", "rerank"})
# A generate beneath one of these serves it (a rewritten query, a judge's opinion): it is priced, never judged.
AUXILIARY: Final = frozenset({"retrieve", "rerank", "tool", "evaluate", "guardrail"})


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk as a span referred to it; its text is found by its hash."""

    hash: int
    id: str
    source: str


@dataclass(frozen=True, slots=True)
class TraceSpan:
    """What is needed of a span to find its trace's answer."""

    span_id: str
    parent_span_id: str
    stage: str
    start_time: datetime
    duration_ns: int
    query: str
    output: str
    chunks: tuple[Chunk, ...]
    context_span_ids: tuple[str, ...]
    provider: str
    model: str
    service: str
    version: str
    environment: str
    session: str
    user: str
    segments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One trace's answer. None of its texts is empty but, perhaps, the question."""

    root: TraceSpan
    span: TraceSpan
    """The span whose output is the answer."""
    generate: TraceSpan | None
    """The model call behind it; None where the application told of none."""
    question: str
    text: str
    context_span_id: str
    """The span that fetched the chunks; empty where the caller gave them, or there are none."""
    chunks: tuple[Chunk, ...]
    left_out: tuple[Chunk, ...] = ()
    """What was fetched before the answer as well and is not among *chunks*, in the order of its rank."""


def answer_of(spans: Sequence[TraceSpan]) -> Answer | None:
    """The answer of a trace: what its root pipeline gave back, else what its last generate said.

    None if there is no text to judge.
    """
    if not spans:
        return None
    by_id = {span.span_id: span for span in spans}
    ordered = sorted(spans, key=lambda span: span.start_time)
    root = _root(ordered, by_id)
    generates = [span for span in ordered if span.stage == "generate" and not _serves_another(span, by_id)]
    speaking = [span for span in generates if span.output.strip()]
    generate = next(reversed(speaking or generates), None)
    answering = root if root.stage in ANSWERING and root.output.strip() else None
    source = answering or (generate if speaking else None)
    if source is None:
        return None
    context_span_id, chunks = _context(ordered, by_id, generate)
    left_out = _left_out(_fetching(ordered, generate), chunks)
    question = root.query or next((span.query for span in (source, *ordered) if span.query), "")
    return Answer(root, source, generate, question, source.output, context_span_id, chunks, left_out)


def _root(ordered: Sequence[TraceSpan], by_id: Mapping[str, TraceSpan]) -> TraceSpan:
    """The span without a parent; where it was never received, the first whose parent is missing."""
    parentless = (span for span in ordered if not span.parent_span_id)
    orphans = (span for span in ordered if span.parent_span_id not in by_id)
    return next(parentless, None) or next(orphans, ordered[0])


def _serves_another(span: TraceSpan, by_id: Mapping[str, TraceSpan]) -> bool:
    return any(ancestor.stage in AUXILIARY for ancestor in _ancestors(span, by_id))


def _ancestors(span: TraceSpan, by_id: Mapping[str, TraceSpan]) -> Iterator[TraceSpan]:
    seen = {span.span_id}
    while (parent := by_id.get(span.parent_span_id)) and parent.span_id not in seen:
        seen.add(parent.span_id)
        yield parent
        span = parent


def _context(
    ordered: Sequence[TraceSpan], by_id: Mapping[str, TraceSpan], generate: TraceSpan | None
) -> tuple[str, tuple[Chunk, ...]]:
    """The chunks of an answer, and the span that fetched them.

    What the generate carries itself, else what the spans that it names fetched, else the last rerank before it, else
    all retrievals before it.
    """
    if generate and generate.chunks:
        return "", generate.chunks
    named = [by_id[span_id] for span_id in generate.context_span_ids if span_id in by_id] if generate else []
    if not named:
        before = _fetching(ordered, generate)
        reranks = [span for span in before if span.stage == "rerank"]
        named = reranks[-1:] or before
    chunks = dict.fromkeys(chunk for span in named for chunk in span.chunks)
    return (named[-1].span_id if named else ""), tuple(chunks)


def _fetching(ordered: Sequence[TraceSpan], generate: TraceSpan | None) -> list[TraceSpan]:
    """The retrievals and reranks before the model call."""
    return [
        span
        for span in ordered
        if span.stage in FETCHING and (generate is None or span.start_time <= generate.start_time)
    ]


def _left_out(fetching: Sequence[TraceSpan], chunks: Sequence[Chunk]) -> tuple[Chunk, ...]:
    """By text: a rerank may give a chunk another id or source."""
    given = {chunk.hash for chunk in chunks}
    fetched: dict[int, Chunk] = {}
    for chunk in (chunk for span in fetching for chunk in span.chunks):
        if chunk.hash not in given:
            fetched.setdefault(chunk.hash, chunk)
    return tuple(fetched.values())

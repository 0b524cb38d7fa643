"""A trace's document -> text for a terminal. Pure; all that a model or a user wrote is shown, never obeyed."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from groundspan_collector.escapes import visible
from groundspan_collector.formats import dollars

Node: TypeAlias = Mapping[str, object]

MARKS: Final = {"supported": "✓", "contradicted": "✗", "unsupported": "?", "unjudged": "·"}
MOST_SPANS: Final = 500
DEEPEST: Final = 16
"""Levels of the tree that are drawn; what lies deeper is drawn at this level."""
LONGEST_TEXT: Final = 600
MOST_AROUND: Final = 80
NARROWEST: Final = 60

_TO_MS: Final = len("2026-01-31T12:00:00.000")


def render(trace: Node, width: int) -> str:
    """The JSON document of a trace as text for a terminal of *width* columns, ending in a line break."""
    out = io.StringIO()
    console = Console(
        file=out, width=max(width, NARROWEST), color_system=None, markup=False, emoji=False, highlight=False
    )
    for part in _parts(trace):
        console.print(part)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _parts(trace: Node) -> Iterator[RenderableType]:
    yield Text(_headline(trace))
    yield Text()
    spans = _nodes(trace, "spans")
    yield _span_table(spans[:MOST_SPANS])
    if len(spans) > MOST_SPANS:
        yield Text(f"and {len(spans) - MOST_SPANS:,} more spans")
    answer = trace.get("answer")
    yield Text()
    if not isinstance(answer, dict):
        yield Text("no answer of this trace was judged")
        return
    yield from _answer_parts(answer)


def _headline(trace: Node) -> str:
    words = [f"trace {_text(trace, 'trace_id')}", f"{_text(trace, 'root_start')[:_TO_MS]}Z", _text(trace, "service")]
    words += [_text(trace, "version"), f"project {_text(trace, 'project')}", duration(_int(trace, "duration_ns"))]
    return "  ".join(word for word in [*words, _cost(trace)] if word)


def _cost(trace: Node) -> str:
    if not _int(trace, "calls"):
        return ""
    if trace.get("cost_usd") is None:
        return "cost unknown"
    return ("at least " if _int(trace, "unpriced_calls") else "") + dollars(str(trace["cost_usd"]))


def _span_table(spans: Sequence[Node]) -> Table:
    table = _table("span", "stage", "starts", "takes", "own", "what", right=("starts", "takes", "own"))
    for branch, span in zip(_branches([_int(span, "depth") for span in spans]), spans, strict=True):
        times = (duration(_int(span, name)) for name in ("offset_ns", "duration_ns", "own_ns"))
        table.add_row(
            Text(branch + _text(span, "name"), overflow="ellipsis", no_wrap=True),
            Text(_text(span, "stage")),
            *map(Text, times),
            Text(_what(span)),
        )
    return table


def _branches(depths: Sequence[int]) -> list[str]:
    """The lines that lead to each span of a tree read from the top."""
    out: list[str] = []
    has_later = [False] * (DEEPEST + 2)
    for depth in (min(depth, DEEPEST) for depth in reversed(depths)):
        stems = "".join("│  " if has_later[level] else "   " for level in range(1, depth))
        out.append(stems + (("├─ " if has_later[depth] else "└─ ") if depth else ""))
        has_later[depth] = True
        has_later[depth + 1 :] = [False] * (DEEPEST + 1 - depth)
    return out[::-1]


def _what(span: Node) -> str:
    """What a span did, in a few words."""
    chunks = _nodes(span, "chunks")
    words = [
        _text(span, "model"),
        f"{len(chunks)} chunks" if chunks or span.get("stage") in {"retrieve", "rerank"} else "",
        _tokens(span),
        _span_cost(span),
        f"error {_text(span, 'error_type')} {_text(span, 'status_message')}" if span.get("status") == "error" else "",
        "(its parent was never received)" if span.get("is_orphan") else "",
    ]
    return "  ".join(word.strip() for word in words if word)


def _tokens(span: Node) -> str:
    counts = [(span.get("input_tokens"), "in"), (span.get("output_tokens"), "out")]
    told = [f"{count:,} {way}" for count, way in counts if isinstance(count, int)]
    return f"{', '.join(told)} tokens" if told else ""


def _span_cost(span: Node) -> str:
    if span.get("cost_usd") is not None:
        return dollars(str(span["cost_usd"]))
    return f"cost unknown: {_text(span, 'unpriced_reason')}" if span.get("is_call") else ""


def _answer_parts(answer: Node) -> Iterator[RenderableType]:
    judge = f"{_text(answer, 'judge')} {_text(answer, 'judge_version')}"
    if answer.get("status") == "judged":
        verdict = "ungrounded" if answer.get("ungrounded") else "grounded"
        probability = answer.get("ungrounded_probability")
        yield Text(f"answer: {verdict} (judge {judge}, probability of being ungrounded {probability:.2f})")
    else:
        yield Text(f"answer: {_text(answer, 'status')} (judge {judge}) {_text(answer, 'reason')}")
    for name, text in (("question", _text(answer, "question")), ("answer", _text(answer, "text"))):
        if text:
            yield Padding(Text(f"{name}: {_cut(text)}"), (0, 0, 0, 2))
    claims = _nodes(answer, "claims")
    if claims:
        yield Text()
        yield _claim_table(claims)


def _claim_table(claims: Sequence[Node]) -> Table:
    table = _table("verdict", "claim", "compared with")
    for claim in claims:
        verdict = _text(claim, "verdict")
        mark = f"{MARKS.get(verdict, '·')} {verdict}"
        cause = _text(claim, "cause")
        # Its verdict says the same where the cause is that.
        mark += f"\n  {cause}" if cause not in {"", verdict} else ""
        table.add_row(Text(mark, no_wrap=True), Text(_text(claim, "text")), Text(_compared_with(claim)))
    return table


def _compared_with(claim: Node) -> str:
    """The chunk of a claim's evidence; the passage too where the claim does not stand on it."""
    evidence = claim.get("evidence")
    if not isinstance(evidence, dict):
        return _text(claim, "reason") or "no passage of any chunk"
    names = (f"chunk {evidence.get('chunk')}", _text(evidence, "id"), _text(evidence, "source"))
    label = " ".join(dict.fromkeys(name for name in names if name))
    if claim.get("verdict") == "supported":
        return label
    before, after = _text(evidence, "before"), _text(evidence, "after")
    before = f"…{before[-MOST_AROUND:]}" if len(before) > MOST_AROUND else before
    after = f"{after[:MOST_AROUND]}…" if len(after) > MOST_AROUND else after
    return f"{label}: {before}»{_cut(_text(evidence, 'text'))}«{after}"


def duration(ns: int) -> str:
    """A duration for people: three figures and the unit that suits it."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            value = ns / size
            return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}"
    return f"{ns} ns"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}… ({len(text):,} characters)"


def _table(*names: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=False)
    for name in names:
        table.add_column(Text(name), justify="right" if name in right else "left", overflow="fold")
    return table


def _text(node: Node, name: str) -> str:
    """A text of the document on one line, for people: line breaks are spaces, what is unseen is written out."""
    return visible(" ".join(str(node.get(name) or "").split("\n")))


def _int(node: Node, name: str) -> int:
    value = node.get(name)
    return value if isinstance(value, int) else 0


def _nodes(node: Node, name: str) -> list[Node]:
    value = node.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

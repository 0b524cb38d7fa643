"""Spans in any order -> the order of a tree. Pure; neither missing parents, cycles nor depth stop it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Where one span belongs, and when it ran."""

    span_id: str
    parent_span_id: str
    start_ns: int
    duration_ns: int

    @property
    def end_ns(self) -> int:
        """When it ended."""
        return self.start_ns + self.duration_ns


@dataclass(frozen=True, slots=True)
class Placed:
    """A span at its place: the list they stand in is the tree, read from the top."""

    span: Span
    depth: int
    """0 for a root."""
    is_orphan: bool
    """Its parent was never received, or is beneath it; it hangs under the root."""
    own_ns: int
    """Its duration less the union of its children's intervals, cut to its own."""


def placed(spans: Iterable[Span]) -> list[Placed]:
    """All *spans*, each after its parent and before its parent's next child; children by their start.

    Where a root was received, spans whose parent was not hang under the first root; else they are the roots.
    """
    ordered = sorted(spans, key=_order)
    known = {span.span_id for span in ordered}
    children: defaultdict[str, list[Span]] = defaultdict(list)
    for span in ordered:
        children[span.parent_span_id].append(span)
    orphans = [span for span in ordered if span.parent_span_id and span.parent_span_id not in known]
    tops = children[""] or orphans or ordered[:1]
    adopted = orphans if children[""] else []
    reached = {span.span_id for span, _ in _walk([*tops, *adopted], children)}
    for span in ordered:
        # What no root leads to is in a cycle, or beneath one: it is cut where it began first.
        if span.span_id not in reached:
            adopted.append(span)
            reached |= {below.span_id for below, _ in _walk([span], children)}
    hung = dict(children)
    if adopted:
        hung[tops[0].span_id] = sorted([*children[tops[0].span_id], *adopted], key=_order)
    lost = {span.span_id for span in adopted}
    return [
        Placed(span, depth, span.span_id in lost, own_ns(span, children[span.span_id]))
        for span, depth in _walk(tops, hung)
    ]


def _order(span: Span) -> tuple[int, int, str]:
    return span.start_ns, -span.duration_ns, span.span_id


def _walk(tops: Sequence[Span], children: Mapping[str, Sequence[Span]]) -> Iterator[tuple[Span, int]]:
    """*tops* and all beneath them, each once, with their depths."""
    waiting = [(span, 0) for span in reversed(tops)]
    seen: set[str] = set()
    while waiting:
        span, depth = waiting.pop()
        if span.span_id not in seen:
            seen.add(span.span_id)
            yield span, depth
            waiting += [(child, depth + 1) for child in reversed(children.get(span.span_id, ()))]


def own_ns(span: Span, children: Iterable[Span]) -> int:
    """The time that *span* spent in none of its *children*."""
    covered, until = 0, span.start_ns
    for child in sorted(children, key=_order):
        if child.span_id == span.span_id:
            continue
        begin, end = max(child.start_ns, until), min(child.end_ns, span.end_ns)
        covered += max(end - begin, 0)
        until = max(until, end)
    return span.duration_ns - covered

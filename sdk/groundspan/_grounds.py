"""Which retrieved chunks an answer of a pipeline stands on."""

import threading
from collections.abc import Sequence
from typing import NamedTuple, Self

from opentelemetry.trace import format_span_id

from groundspan import attributes as keys
from groundspan._capture import Found
from groundspan._text import Cutter


class Fetch(NamedTuple):
    """One finished retrieve or rerank."""

    span_id: int
    started_ns: int
    ended_ns: int
    reranked: bool
    within: int | None = None
    """The retrieve or rerank that this one ran inside of."""


class Grounds:
    """The retrieves and reranks that finished last in one pipeline; shared by its tasks and threads."""

    __slots__ = ("_around", "_latest", "_lock")

    def __init__(self, around: Self | None = None) -> None:
        self._around = around
        self._latest: list[Fetch] = []
        # A garbage collection in here may end a stream, and come here again.
        self._lock = threading.RLock()

    def add(self, fetch: Fetch) -> None:
        """Let *fetch* take the place of what it follows, and stand beside what ran at the same time."""
        with self._lock:
            latest = self._latest
            self._latest = [*[other for other in latest if _beside(other, fetch)], fetch] if latest else [fetch]

    def latest(self) -> list[Fetch]:
        """Give the fetches that an answer starting now stands on; a nested pipeline sees those around it."""
        return self._latest or (self._around.latest() if self._around else [])

    def hand_up(self) -> None:
        """Tell the pipeline around this one what was fetched in here."""
        if self._around is not None:
            for fetch in self._latest:
                self._around.add(fetch)


def named(fetches: Sequence[Fetch], _cutter: Cutter) -> Found:
    """Write what an answer stands on."""
    return {keys.CONTEXT_SPAN_IDS: tuple(format_span_id(fetch.span_id) for fetch in fetches)}


def _beside(other: Fetch, fetch: Fetch) -> bool:
    overlapping = other.ended_ns > fetch.started_ns
    return overlapping and other.within != fetch.span_id and other.reranked >= fetch.reranked

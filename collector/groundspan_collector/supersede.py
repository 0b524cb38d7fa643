"""Two copies of one span: which counts? Pure.

The one that ended later, then the one that was received later; their `precedence` says so as one number. The engine
merges copies that lie under the same key (the hour of the start is part of it); others are decided here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SpanKey = tuple[str, str, str]
"""Project, trace id, span id."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A stored copy of a span, and another one that arrives."""

    key: SpanKey
    stored_start_ns: int
    arriving_start_ns: int
    stored_precedence: int
    arriving_precedence: int
    same_hour: bool
    """Both lie under the same key: the engine keeps the right one."""
    same_times: bool
    """Neither moves the trace in time."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What has to be done so that each span counts once."""

    withdrawn: tuple[Conflict, ...]
    """Stored copies under another key that lose: a row with their key must hide them."""
    refused: frozenset[SpanKey]
    """Arriving copies that lose: not to be written."""
    moved: frozenset[tuple[str, str]]
    """Project and trace id where the place in time must be reckoned anew."""
    superseded: int
    """Copies that lost."""


def settle(conflicts: Sequence[Conflict]) -> Settlement:
    """Decide every conflict. One span may be stored under several hours; an arriving copy must beat them all."""
    strongest: dict[SpanKey, int] = {}
    for conflict in conflicts:
        strongest[conflict.key] = max(strongest.get(conflict.key, 0), conflict.stored_precedence)
    refused = frozenset(c.key for c in conflicts if strongest[c.key] > c.arriving_precedence)
    return Settlement(
        withdrawn=tuple(c for c in conflicts if c.key not in refused and not c.same_hour),
        refused=refused,
        moved=frozenset(c.key[:2] for c in conflicts if not c.same_times and c.key not in refused),
        superseded=len(conflicts),
    )

"""Which traces are kept: whole ones, by a ratio or by a rule of the host's."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, get_current_span

from groundspan import attributes as keys
from groundspan._context import inherited
from groundspan._guard import Guard

_CHOOSING = Guard("ask which traces are kept; this one is")


@dataclass(frozen=True, slots=True)
class Call:
    """What a rule is told of the call that begins a trace."""

    name: str
    """As its span will be called: ``invoke_workflow answer``."""
    asked: object = None
    """The question or query, as the function was given it."""
    session: str | None = None
    user: str | None = None
    segments: Mapping[str, str] = field(default_factory=dict)
    """What ``gs.context`` says besides."""


Rule: TypeAlias = Callable[[Call], bool | float]
"""Says whether a trace is kept, or how likely that is to be; 0 to 1."""
Sample: TypeAlias = float | Rule


def ratio(sample: Sample, name: str, asked: Callable[[], object]) -> float:
    """How likely a trace that begins here is kept; where a rule fails, it is."""
    if not callable(sample):
        return sample
    with _CHOOSING:
        around = dict(inherited(None))
        session, user = around.pop(keys.SESSION, None), around.pop(keys.USER, None)
        prefix = keys.SEGMENT_PREFIX
        segments = {key.removeprefix(prefix): value for key, value in around.items() if key.startswith(prefix)}
        return min(max(float(sample(Call(name, asked(), session, user, segments))), 0.0), 1.0)
    return 1.0


def begins_trace() -> bool:
    """Tell whether a span that starts now is the first of its trace; of others it was decided before."""
    return not get_current_span().get_span_context().is_valid


def is_kept(ratio: float) -> bool:
    """Draw lots."""
    return ratio >= 1.0 or random.random() < ratio  # noqa: S311 - a sample, no secret


def left_out() -> NonRecordingSpan:
    """Give the beginning of a trace that is not kept: whatever starts beneath it is not kept either."""
    trace_id, span_id = random.getrandbits(127) + 1, random.getrandbits(63) + 1
    return NonRecordingSpan(SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(0)))

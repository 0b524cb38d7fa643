"""A model call in a function decorated as one: no second span, and what it tells goes to the one around it."""

import time
from collections.abc import Callable
from contextvars import Token
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary

from opentelemetry.context import Context, attach, create_key, get_value, set_value

from groundspan._answers import Usage, Whole, usage
from groundspan._capture import Attributes
from groundspan._context import give_back
from groundspan._guard import Guard
from groundspan._shapes import get
from groundspan._span import StageSpan, _current
from groundspan._stages import PIPELINE, TOOL, Stage

_KEY = create_key("groundspan-inner-call")
_COUNTS: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
_TELLING = Guard("tell a decorated function's span of the call inside it")

_spent: WeakKeyDictionary[StageSpan, Usage] = WeakKeyDictionary()


class InnerCall:
    """Stands where a span would stand, and hands its result to the span around it.

    What the decorated function returns is read after it, and wins. Where it calls the model several times, the
    tokens of all calls are its own. The tokens of a call inside such a call count where the outer one tells none:
    they are paid once.
    """

    def __init__(self, outer: "StageSpan | InnerCall") -> None:
        self._outer = outer
        self._inside: Usage | None = None
        self._token: Token[Context] | None = None
        self.span: StageSpan = outer.span if isinstance(outer, InnerCall) else outer
        """The one that has a span."""
        self.outcome: str | None = None
        self.outcome_around = None
        self.started_ns = time.monotonic_ns()

    @property
    def stage(self) -> Stage:
        """Which kind of work this is."""
        return self.span.stage

    @property
    def is_recording(self) -> bool:
        """Whether what is read arrives anywhere."""
        return self.span.is_recording

    @property
    def speaks(self) -> bool:
        """Whether pieces of text are one text."""
        return self.span.speaks

    def is_within(self, other: object) -> bool:
        """Tell whether this call is made in *other*, at any depth."""
        return self._outer is other or (isinstance(self._outer, InnerCall) and self._outer.is_within(other))

    def enter(self) -> None:
        """Let calls inside this one know of it, until it ends or pauses."""
        self._token = attach(set_value(_KEY, self))

    def result(self, returned: object) -> None:
        """Hand over what the call gave."""
        if returned is None:
            return
        self.span.result(returned)
        with _TELLING:
            self._spend(usage(get(returned.response if isinstance(returned, Whole) else returned, "usage")))

    def finish(self, returned: object) -> None:
        """Hand over what the call gave; the span goes on."""
        self.result(returned)
        self.end()

    def fail(self, _error: BaseException) -> None:
        """Leave the exception to the decorated function, which may catch it."""
        self.end()

    def end(self) -> None:
        """Leave the end to the decorated function; what calls inside this one cost is not lost."""
        self.pause()
        with _TELLING:
            self._spend(None)

    def note(self, attributes: Attributes) -> None:
        """Leave the stream's times to the decorated function's own stream."""

    def streamed_tokens(self) -> int | None:
        """Give no count: nobody asks for the times."""
        return None

    def resume(self) -> None:
        """Leave the context as it is."""

    def pause(self) -> None:
        """Give the context back as it was found."""
        if self._token is not None:
            give_back(self._token)
            self._token = None

    def _spend(self, told: Usage | None) -> None:
        counts = told or self._inside
        self._inside = None
        if counts is None:
            return
        if isinstance(self._outer, InnerCall):
            self._outer.add(counts)
            return
        before = _spent.get(self._outer)
        _spent[self._outer] = total = _sum(before, counts)
        if before is not None or told is None:
            self._outer.usage(**{name: getattr(total, name) for name in _COUNTS})

    def add(self, counts: Usage) -> None:
        """Take the tokens of a call inside this one."""
        self._inside = _sum(self._inside, counts)


At: TypeAlias = StageSpan | InnerCall

# What these call, be it of their kind, is work of its own: an agent that is a tool has tools.
_APART: Final = (PIPELINE, TOOL)

streams: Final[list[Callable[[], At | None]]] = []
"""Who knows of streams that are at work right here, in a context that is not their own."""


def around(stage: Stage) -> At | None:
    """Give the call that a call of *stage* is part of; None where it is one of its own."""
    if stage in _APART:
        return None
    found = nearest()
    for find in streams:
        stream = find()
        if stream is None or stream.stage is not stage:
            continue
        if not (isinstance(found, InnerCall) and found.is_within(stream)):
            # Recorded or not: what is left out is so as a whole.
            return stream
    return found if found is not None and found.stage is stage and found.is_recording else None


def nearest() -> At | None:
    """Give the call in progress, be it one with a span of its own or one inside of that."""
    span, inner = _current(), get_value(_KEY)
    return inner if isinstance(inner, InnerCall) and inner.span is span else span


def _sum(one: Usage | None, other: Usage) -> Usage:
    return Usage(**{name: _plus(getattr(one, name, None), getattr(other, name)) for name in _COUNTS})


def _plus(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)

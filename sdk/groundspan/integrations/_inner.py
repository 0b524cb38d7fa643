"""A model call in a function decorated as one: no second span, and what it tells goes to the one around it."""

import time
from typing import Final
from weakref import WeakKeyDictionary

from groundspan._answers import Usage, Whole, usage
from groundspan._capture import Attributes
from groundspan._guard import Guard
from groundspan._shapes import get
from groundspan._span import StageSpan

_COUNTS: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
_TELLING = Guard("tell a decorated function's span of the call inside it")

_spent: WeakKeyDictionary[StageSpan, Usage] = WeakKeyDictionary()


class InnerCall:
    """Stands where a span would stand, and hands its result to the span around it.

    What the decorated function returns is read after it, and wins. Where it calls the model several times, the
    tokens of all calls are its own.
    """

    def __init__(self, outer: StageSpan) -> None:
        self._outer = outer
        self.outcome: str | None = None
        self.outcome_around = None
        self.started_ns = time.monotonic_ns()

    @property
    def is_recording(self) -> bool:
        """Whether what is read arrives anywhere."""
        return self._outer.is_recording

    @property
    def speaks(self) -> bool:
        """Whether pieces of text are one text."""
        return self._outer.speaks

    def result(self, returned: object) -> None:
        """Hand over what the call gave."""
        if returned is None:
            return
        self._outer.result(returned)
        with _TELLING:
            counts = usage(get(returned.response if isinstance(returned, Whole) else returned, "usage"))
            if counts is None:
                return
            before = _spent.get(self._outer)
            _spent[self._outer] = counts = counts if before is None else _sum(before, counts)
            if before is not None:
                self._outer.usage(**{name: getattr(counts, name) for name in _COUNTS})

    def finish(self, returned: object) -> None:
        """Hand over what the call gave; the span goes on."""
        self.result(returned)

    def fail(self, error: BaseException) -> None:
        """Leave the exception to the decorated function, which may catch it."""

    def end(self) -> None:
        """Leave the end to the decorated function."""

    def note(self, attributes: Attributes) -> None:
        """Leave the stream's times to the decorated function's own stream."""

    def streamed_tokens(self) -> int | None:
        """Give no count: nobody asks for the times."""
        return None

    def resume(self) -> None:
        """Leave the context as it is."""

    def pause(self) -> None:
        """Leave the context as it is."""


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(**{name: _plus(getattr(one, name), getattr(other, name)) for name in _COUNTS})


def _plus(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)

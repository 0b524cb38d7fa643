"""Where one of LangChain's runs is the current one: made so when it starts, and given back however it ends.

LangChain tells of an async run's end in a task of its own, whose context is another than that of the task that works.
So that one is kept, and the end goes back into it.
"""

import contextvars
import sys
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from types import FrameType
from typing import NamedTuple

from opentelemetry.context import Context, attach, get_current

from groundspan._context import give_back
from groundspan._span import StageSpan, _current
from groundspan.integrations._home import home, run_at

_MANAGERS = "langchain_core.callbacks."
_OWN = "groundspan."


class Inside(NamedTuple):
    """The stage that a run's own work and all runs beneath it stand in."""

    stage: StageSpan
    context: Context


class Caller(NamedTuple):
    """The method of LangChain's that began a run."""

    identity: int
    hands_out: bool
    """It is a generator: the context is that of whoever reads it."""
    is_async: bool


def caller() -> Caller:
    """Look which method begins a run."""
    frame, is_async = _calling()
    return Caller(id(frame), bool(frame.f_code.co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR)), is_async)


def calling() -> object:
    """Give the object whose method begins a run: LangChain's callbacks are not told of it."""
    return _calling()[0].f_locals.get("self")


def _calling() -> tuple[FrameType, bool]:
    """Find the first frame behind LangChain's callback managers, and whether these are awaited there."""
    frame = sys._getframe()  # noqa: SLF001 - inspect.currentframe() is the same, and may be None
    is_async = False
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith((_OWN, _MANAGERS)):
        is_async = is_async or bool(frame.f_code.co_flags & CO_COROUTINE)
        frame = frame.f_back
    return frame, is_async


def is_running(caller: Caller) -> bool:
    """Tell whether what happens right here happens in the method that began a run."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - as above
    while frame is not None and id(frame) != caller.identity:
        frame = frame.f_back
    return frame is not None


class Place:
    """What a run made current."""

    __slots__ = ("_span", "_tokens", "home")

    def __init__(self) -> None:
        self._tokens: list[contextvars.Token[Context]] = []
        self._span: StageSpan | None = None
        self.home = home()

    @property
    def can_return(self) -> bool:
        """Whether the end of async work finds the way back."""
        return self.home is not None

    def is_beside(self, other: "Place") -> bool:
        """Tell whether both are of the same task."""
        return self.home is not None and other.home is not None and self.home.context is other.home.context

    def stand_in(self, around: Inside | None, *, stay: bool = False) -> None:
        """Make the stage *around* the current one, unless it is, or one inside of it; *stay*: for good."""
        if around is not None and not _is_within(_current(), around.stage):
            token = attach(around.context)
            if not stay:
                self._tokens.append(token)

    def stand(self, span: StageSpan) -> None:
        """Take a span that has made itself the current one."""
        self._span = span

    def leave(self) -> None:
        """Give back what was made current, in the context where that was."""
        if self._span is None and not self._tokens:
            return
        run_at(self.home, self._give_back)

    def _give_back(self) -> None:
        span, self._span = self._span, None
        if span is not None:
            span.pause()
        while self._tokens:
            give_back(self._tokens.pop())


def here(stage: StageSpan) -> Inside:
    """Tell what is current now, *stage* in front."""
    return Inside(stage, get_current())


def _is_within(stage: StageSpan | None, around: StageSpan) -> bool:
    while stage is not None and stage is not around:
        stage = stage.outer
    return stage is not None

"""LangChain's runs, from their first callback to their last: which one is a span, and where it stands."""

import asyncio
import sys
import time
import weakref
from collections.abc import Callable
from typing import Final, cast
from uuid import UUID

from groundspan import _runtime
from groundspan import attributes as keys
from groundspan._guard import Guard
from groundspan._outcome import FAILED, FINISHED, Reader, is_sending, left, raised, reader
from groundspan._pace import Pace
from groundspan._runtime import Runtime
from groundspan._span import StageSpan, _current
from groundspan._stages import PIPELINE, Stage
from groundspan.integrations._calls import Request, begun
from groundspan.integrations._elsewhere import is_spanned
from groundspan.integrations._inner import At, InnerCall, nearest
from groundspan.integrations._langchain_place import Caller, Inside, Place, here, is_running

# A run that its host holds on to and never ends must not fill the memory.
_MOST_OPEN: Final = 10_000

_LEAVING = Guard("give a context back")
_LETTING_GO = Guard("end a run that LangChain let go of")


class Opening:
    """A run that begins."""

    __slots__ = ("caller", "is_owned", "parent_id", "run_id")

    def __init__(self, run_id: UUID, parent_id: UUID | None, caller: Caller, *, is_owned: bool) -> None:
        self.run_id = run_id
        self.parent_id = parent_id
        self.caller = caller
        self.is_owned = is_owned
        """The context is a copy that LangChain made for the runs beneath the parent alone."""


class Run:
    """One run: a span of its own, a call inside a stage of the same kind, or only a step on the way to the next."""

    __slots__ = ("__weakref__", "_pace", "_reader", "caller", "inside", "place", "span", "watch")

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.inside: Inside | None = None
        self.place = Place()
        self.span: StageSpan | None = None
        self.watch: weakref.ref[UUID] | None = None
        self._pace: Pace | None = None
        self._reader = Reader()

    def is_lost(self, begins: "Run") -> bool:
        """Tell whether async work was cancelled untold: its task goes on, and is not in it any more."""
        return self.caller.is_async and self.place.is_beside(begins.place) and not is_running(self.caller)

    def came(self, *, speaks: bool) -> None:
        """Take a piece of a stream, which is on its way to whoever reads it: from here on the context is theirs."""
        self.place.leave()
        if self.span is None:
            return
        if self._pace is None:
            self._pace = Pace(self.span.started_ns)
            self._reader = reader(sys._getframe())  # noqa: SLF001 - inspect.currentframe() is the same, and may be None
        if speaks:
            self._pace.came(time.monotonic_ns())

    def finish(self, result: object) -> None:
        """End the span with what the run gave."""
        if self.span is not None:
            self.span.result(result)
            self._tell_pace(self.span, FINISHED)
            self.span.end()

    def fail(self, error: BaseException, result: object = None) -> None:
        """End the span as the exception says; of a stream, with what came of it."""
        span = self.span
        if span is None:
            return
        is_stream = self._pace is not None or self.caller.hands_out
        outcome = self._outcome(error, span.outcome_around) if is_stream else FAILED
        span.outcome = outcome
        if result is not None:
            span.result(result)
        if is_stream:
            span.note({keys.STREAM_OUTCOME: outcome})
            self._tell_pace(span, outcome)
        if outcome == FAILED:
            span.fail(error)
        else:
            span.end()

    def close(self) -> None:
        """End the span, if what it was to be told went wrong."""
        if self.span is not None:
            self.span.end()

    def _tell_pace(self, span: StageSpan, outcome: str) -> None:
        if self._pace is not None:
            span.note({keys.STREAM_OUTCOME: outcome, **self._pace.written(span.streamed_tokens())})

    def _outcome(self, error: BaseException, around: str | None) -> str:
        if not isinstance(error, GeneratorExit):
            return raised(error, self._reader, around)
        # What the reader is leaving with is what was being handled when the generator was closed.
        return left(error.__context__, self._reader, around, sending=is_sending(sys._getframe()))  # noqa: SLF001 - as above


class Runs:
    """The runs that are going on, by id."""

    def __init__(self) -> None:
        self._open: dict[int, Run] = {}
        self._started: weakref.WeakKeyDictionary[At, int] = weakref.WeakKeyDictionary()
        """Which run each call is."""

    def __len__(self) -> int:
        return len(self._open)

    def __getitem__(self, run_id: UUID) -> Run | None:
        return self._open.get(run_id.int)

    def begin(self, opening: Opening, stage: Stage | None, read: Callable[[], Request]) -> None:
        """Take a run that begins; *stage*: what it is, None where it is no more than a step."""
        runtime = _runtime.current()
        if runtime is None:
            return
        parent = None if opening.parent_id is None else self._open.get(opening.parent_id.int)
        around = None if parent is None else parent.inside
        run = Run(opening.caller)
        self._watch(run, opening.run_id)
        self._leave_what_is_over(run)
        if stage is None or (stage is PIPELINE and (around or _current()) is not None):
            run.inside = around
            if opening.is_owned or not opening.caller.hands_out:
                run.place.stand_in(around, stay=opening.is_owned)
        else:
            run.place.stand_in(around, stay=opening.is_owned)
            self._span(run, stage, read, runtime)
            if run.span is not None:
                self._started[run.span] = opening.run_id.int
        lost = opening.caller.is_async and not run.place.can_return
        if lost or (stage is PIPELINE and opening.caller.hands_out and not opening.is_owned):
            run.place.leave()

    def end(self, run_id: UUID) -> Run | None:
        """Give a run that ends, and is no longer the current one; None where none is known."""
        run = self._open.pop(run_id.int, None)
        with _LEAVING:
            if run is not None:
                run.place.leave()
        return run

    def _span(self, run: Run, stage: Stage, read: Callable[[], Request], runtime: Runtime) -> None:
        outer = _current()
        if is_spanned(stage):
            run.inside = None if outer is None else here(outer)
            return
        span = begun(runtime, stage, read)
        run.span, run.inside = cast("StageSpan", span), here(span.span if isinstance(span, InnerCall) else span)
        run.place.stand(run.span)

    def _leave_what_is_over(self, begins: Run) -> None:
        """Let no run stand in one that it is no part of: the one before it in a batch, or one that was cancelled."""
        latest = nearest()
        run = None if latest is None else self._open.get(self._started.get(latest, -1))
        if run is not None and (run.caller.identity == begins.caller.identity or run.is_lost(begins)):
            run.place.leave()

    def _watch(self, run: Run, run_id: UUID) -> None:
        """Keep a run as long as LangChain holds its id: not every work that is cancelled is told of."""
        key, runs = run_id.int, weakref.ref(self)

        def let_go(_watch: object) -> None:
            known = runs()
            if known is not None:
                known._let_go(key)  # noqa: SLF001 - its own

        run.watch = weakref.ref(run_id, let_go)
        self._open[key] = run
        if len(self._open) > _MOST_OPEN:
            self._let_go(next(iter(self._open)))

    def _let_go(self, key: int) -> None:
        with _LETTING_GO:
            run = self._open.pop(key, None)
            if run is not None:
                run.place.leave()
                run.fail(asyncio.CancelledError("LangChain told of no end"))

"""A stage's span while its work runs: what decorators drive, and what the ``with`` form hands out."""

import time
import traceback
from collections.abc import Callable, Iterable
from contextvars import Token
from types import TracebackType
from typing import NamedTuple

from opentelemetry.context import Context, attach, create_key, get_current, get_value, set_value
from opentelemetry.trace import Span, StatusCode, format_span_id, set_span_in_context

from groundspan import _capture as capture
from groundspan import _runtime
from groundspan import attributes as keys
from groundspan._answers import Usage
from groundspan._capture import Attributes
from groundspan._context import give_back
from groundspan._grounds import Fetch, Grounds
from groundspan._guard import Guard
from groundspan._parameters import Arguments, Keywords
from groundspan._plan import Plan
from groundspan._stages import GENERATE, PIPELINE, RERANK, TOOL, Stage
from groundspan._text import Cutter, clean, scalar, shown

_KEY = create_key("groundspan-stage")
_MAX_ERROR_CHARS = 16_384

_STARTING = Guard("start a span")
_READING_ARGUMENTS = Guard("read a call's arguments")
_READING_RESULT = Guard("read a call's result")
_RECORDING = Guard("record an exception")
_ENDING = Guard("end a span")


class Place(NamedTuple):
    """Where in a trace a stage stands."""

    grounds: Grounds | None = None
    pipeline: "StageSpan | None" = None
    fetch: str | None = None
    """The retrieve or rerank that is this stage, or that it runs inside of."""


_NOWHERE = Place()


class StageSpan:
    """One run of a stage. Before init(), after shutdown() and when disabled every method does nothing."""

    __slots__ = (
        "__weakref__",
        "_args",
        "_attributes",
        "_capture",
        "_context",
        "_cutter",
        "_kwargs",
        "_plan",
        "_span",
        "_stood_on",
        "_token",
        "_within",
        "outcome",
        "outer",
        "place",
        "started_ns",
    )

    _attributes: Attributes
    _capture: capture.Capture
    _context: Context
    _cutter: Cutter
    _stood_on: list[Fetch]
    _within: str | None
    place: "Place"
    outer: "StageSpan | None"
    """The stage that this one runs in."""
    outcome: str | None
    """How a stream ended, from the moment that its end begins."""
    started_ns: int

    def __init__(self, plan: Plan, args: Arguments, kwargs: Keywords) -> None:
        self._plan = plan
        self._args = args
        self._kwargs = kwargs
        self._span: Span | None = None
        self._token: Token[Context] | None = None

    def __enter__(self) -> "StageSpan":
        runtime = _runtime.current()
        if runtime is not None:
            self.start(runtime)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.end()
        else:
            self.fail(error)

    async def __aenter__(self) -> "StageSpan":
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    # What the host says in the ``with`` form.

    def chunks(self, found: object) -> None:
        """Record the retrieved or reranked chunks, in any shape that a decorated function may return."""
        self._read(capture.retrieved, found)

    def answer(self, response: object) -> None:
        """Record the answer: a string, or a client's response with its model and usage."""
        self._read(capture.said if self._plan.stage is PIPELINE else capture.generated, response)

    def usage(
        self,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cache_read_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        reasoning_tokens: int | None = None,
    ) -> None:
        """Record token counts; input includes cached tokens, output includes reasoning."""
        counts = Usage(input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens)
        self._read(lambda _counts, _cutter: capture.used(counts), counts)

    def tokens(self, counted: object) -> None:
        """Record how many tokens there are: a number, or the token ids."""
        self._read(capture.tokenized, counted)

    def vectors(self, embedded: object) -> None:
        """Record how many vectors there are and how long they are, never the vectors."""
        self._read(capture.embedded, embedded)

    def result(self, returned: object) -> None:
        """Record what the work gave, read as this stage's decorator reads a return value."""
        self._read(self._plan.stage.read_result, returned)

    def relevant(self, ids: Iterable[object]) -> None:
        """Record which ids would have been right for the query."""
        self._read(lambda given, _cutter: capture.relevant(given), ids)

    def set(self, key: str, value: object) -> None:
        """Set an attribute of the host's own."""
        self._read(lambda given, _cutter: {clean(key): scalar(given)}, value)

    def _read(self, read: Callable[[object, Cutter], Attributes], value: object) -> None:
        if self._span is None or not self._span.is_recording():
            return
        with _READING_RESULT:
            found = read(value, self._cutter)
            # A response tells its API's format; a provider that was named is the one that bills.
            if keys.PROVIDER in self._plan.fixed:
                found.pop(keys.PROVIDER, None)
            self._attributes.update(found)

    # What a decorator does around the work.

    def start(self, runtime: _runtime.Runtime) -> None:
        """Start the span, read the call's arguments, and make the span the current one."""
        self.outer = self.outcome = None
        self.started_ns = 0
        with _STARTING:
            self._attributes = {}
            self._capture = runtime.capture
            self._cutter = Cutter(runtime.max_content_chars)
            self.outer = outer = _current()
            around = _NOWHERE if outer is None else outer.place
            name, opening = self._plan.opening(self._args, self._kwargs)
            span = runtime.tracer.start_span(name, kind=self._plan.stage.kind, attributes=opening)
            self.started_ns = time.monotonic_ns()
            self._context = set_value(_KEY, self, set_span_in_context(span))
            self._span = span
            self._inherit(around, span)
            if span.is_recording():
                with _READING_ARGUMENTS:
                    self._attributes |= self._plan.arguments(self._args, self._kwargs, self._cutter)
                with _READING_ARGUMENTS:
                    self._attributes |= self._plan.stated(self._args, self._kwargs, self._cutter)
            self._token = attach(self._context)
        # A task that outlives the call keeps this object alive, and must not keep the host's arguments too.
        self._args, self._kwargs = (), {}

    @property
    def stage(self) -> Stage:
        """Which kind of work this is."""
        return self._plan.stage

    @property
    def speaks(self) -> bool:
        """Whether pieces of text that the work yields are one text."""
        return self._plan.stage in (PIPELINE, GENERATE, TOOL)

    @property
    def is_recording(self) -> bool:
        """Whether what is read arrives anywhere."""
        return self._span is not None and self._span.is_recording()

    @property
    def outcome_around(self) -> str | None:
        """How the nearest stream ends that this stage runs in, if it is at its end."""
        outer = self.outer
        while outer is not None and outer.outcome is None:
            outer = outer.outer
        return None if outer is None else outer.outcome

    def note(self, attributes: Attributes) -> None:
        """Put down what is known of the work beside its result."""
        if self.is_recording:
            self._attributes |= attributes

    def streamed_tokens(self) -> int | None:
        """Give the output tokens that could be seen coming: a provider's reasoning is over when the answer begins."""
        output = self._attributes.get(keys.OUTPUT_TOKENS)
        reasoning = self._attributes.get(keys.REASONING_TOKENS, 0)
        return output - reasoning if isinstance(output, int) and isinstance(reasoning, int) else None

    def finish(self, returned: object) -> None:
        """Read what the work returned, and end the span."""
        self.result(returned)
        self.end()

    def fail(self, error: BaseException) -> None:
        """Record the exception that ended the work, and end the span."""
        if self._span is not None:
            with _RECORDING:
                _record(self._span, error, self._capture)
        self.end(failed=True)

    def end(self, *, failed: bool = False) -> None:
        """Write what was read, and end the span."""
        if self._span is None:
            return
        self._give_back()
        with _ENDING:
            if self._span.is_recording():
                if not failed:
                    self._settle(self._span)
                if self._cutter.cut_chars:
                    self._attributes[keys.CUT_CHARS] = self._cutter.cut_chars
                self._span.set_attributes(capture.kept(self._attributes, self._capture))
                self._span.end()

    def resume(self) -> None:
        """Make the span the current one again: a stream's work goes on."""
        if self._span is not None and self._token is None:
            self._token = attach(self._context)

    def pause(self) -> None:
        """Give the context back as it was found: a stream hands over an item."""
        if self._token is not None:
            # The work may have opened spans of its own, which are current again when it goes on.
            inside = get_current()
            self._give_back()
            self._context = inside

    def _give_back(self) -> None:
        if self._token is None:
            return
        token, self._token = self._token, None
        if not give_back(token) and get_current() is self._context and isinstance(token.old_value, Context):
            attach(token.old_value)

    def _inherit(self, around: "Place", span: Span) -> None:
        self._stood_on = [] if around.grounds is None else around.grounds.latest()
        self._within = around.fetch
        if self._plan.stage is PIPELINE:
            around = Place(Grounds(around.grounds), self, around.fetch)
        elif self._plan.stage.fetches:
            around = around._replace(fetch=_id(span))
        self.place = around

    def _settle(self, span: Span) -> None:
        """Tell the pipeline what was fetched, and the answer what it stands on."""
        grounds = self.place.grounds
        if grounds is None:
            return
        if keys.DOCUMENTS in self._attributes:
            reranked = self._plan.stage is RERANK
            grounds.add(Fetch(_id(span), self.started_ns, time.monotonic_ns(), reranked, self._within))
        elif self._plan.stage is GENERATE and keys.CONTEXT_DOCUMENTS not in self._attributes:
            # Chunks fetched while the answer was made count where none were there before.
            stood_on = self._stood_on or grounds.latest()
            if stood_on:
                self._attributes[keys.CONTEXT_SPAN_IDS] = [fetch.span_id for fetch in stood_on]
        elif self._plan.stage is PIPELINE:
            grounds.hand_up()


def relevant(ids: Iterable[object]) -> None:
    """Say which ids are relevant to the question of the pipeline in progress; callable anywhere within it.

    >>> gs.relevant(["doc-17", "doc-42"])
    """
    stage = _current()
    if stage is not None:
        (stage.place.pipeline or stage).relevant(ids)


def _current() -> StageSpan | None:
    found = get_value(_KEY)
    return found if isinstance(found, StageSpan) else None


def _id(span: Span) -> str:
    return format_span_id(span.get_span_context().span_id)


def _record(span: Span, error: BaseException, capturing: capture.Capture) -> None:
    kind = type(error)
    named = clean(kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}")
    message = shown(error)[:_MAX_ERROR_CHARS]
    stack = "".join(traceback.format_exception(error))
    # The end of a traceback says where it happened.
    told: Attributes = {capture.ERROR_MESSAGE: message, capture.ERROR_STACK: clean(stack[-_MAX_ERROR_CHARS:])}
    told = capture.kept(told, capturing)
    span.add_event("exception", {"exception.type": named, **told})
    span.set_attribute(keys.ERROR_TYPE, named)
    span.set_status(StatusCode.ERROR, str(told.get(capture.ERROR_MESSAGE, named)))

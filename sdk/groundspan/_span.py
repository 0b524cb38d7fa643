"""A stage's span while its work runs: what decorators drive, and what the ``with`` form hands out."""

import time
from collections.abc import Iterable, Mapping
from contextvars import Token
from types import TracebackType

from opentelemetry.context import Context, attach, create_key, get_current, get_value
from opentelemetry.trace import INVALID_SPAN, Span, SpanContext, set_span_in_context

from groundspan import _capture as capture
from groundspan import attributes as keys
from groundspan._answers import Usage
from groundspan._capture import Attributes, Value
from groundspan._content import Content, Read
from groundspan._context import with_attribute
from groundspan._failure import record
from groundspan._given import relevant, stated, take_asked
from groundspan._grounds import Fetch, Grounds, named
from groundspan._guard import Guard
from groundspan._opening import put
from groundspan._parameters import Arguments, Keywords
from groundspan._plan import Plan
from groundspan._runtime import Runtime, current
from groundspan._sampling import begins_trace, is_kept, left_out
from groundspan._sampling import ratio as sampled_ratio
from groundspan._stages import EMBED, GENERATE, PIPELINE, RERANK, TOOL, Stage
from groundspan._text import clean, scalar

_KEY = create_key("groundspan-stage")
# OTel's own key, asked for once: span and stage then go into one copy of the context.
(_SPAN_KEY,) = set_span_in_context(INVALID_SPAN, Context())

_STARTING = Guard("start a span")
_READING_RESULT = Guard("read a call's result")
_RECORDING = Guard("record an exception")
_ENDING = Guard("end a span")


_NOTHING: list[Fetch] = []
_NO_CONTENT = Content(0, "no_content")
# Of a string they make a text, and count nothing in it.
_ANSWERS = (capture.said, capture.generated)
_NO_KEYWORDS: Keywords = {}


class StageSpan:
    """One run of a stage. Before init(), after shutdown() and when disabled every method does nothing."""

    __slots__ = (
        "__weakref__",
        "_args",
        "_attributes",
        "_content",
        "_context",
        "_kwargs",
        "_plan",
        "_runtime",
        "_span",
        "_span_id",
        "_stood_on",
        "_token",
        "_within",
        "fetch",
        "grounds",
        "is_left_out",
        "outcome",
        "outer",
        "started_ns",
    )

    _attributes: Attributes
    _runtime: Runtime
    _span_id: int
    _stood_on: list[Fetch]
    _within: int | None
    grounds: Grounds | None
    """What the pipeline that it is, or runs in, has fetched."""
    fetch: int | None
    """The retrieve or rerank that is this stage, or that it runs inside of."""
    outer: "StageSpan | None"
    """The stage that this one runs in."""
    is_left_out: bool
    """Whether the trace is not kept."""
    outcome: str | None
    """How a stream ended, from the moment that its end begins."""
    started_ns: int

    def __init__(self, plan: Plan, args: Arguments, kwargs: Keywords) -> None:
        self._plan = plan
        self._args = args
        self._kwargs = kwargs
        self._span: Span | None = None
        self._token: Token[Context] | None = None
        self._context: Context | None = None
        self._content: Content | None = None

    def __enter__(self) -> "StageSpan":
        runtime = current()
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
        self._read(relevant, ids)

    def set(self, key: str, value: object) -> None:
        """Set an attribute of the host's own."""
        self._read(lambda given, _cutter: {clean(key): scalar(given)}, value)

    def _read(self, read: Read, value: object) -> None:
        content = self._content
        if content is None:
            return
        if type(value) is str and read in _ANSWERS:
            content.take_text(read, value)
            return
        with _READING_RESULT:
            if read is capture.retrieved:
                found = content.take_chunks(read, value)
            elif self._plan.stage.texts_alone:
                found = content.take(read, value)
            else:
                found = content.read(read, value)
            # A response tells its API's format; a provider that was named is the one that bills.
            if keys.PROVIDER in self._plan.fixed:
                found.pop(keys.PROVIDER, None)
            self._attributes |= found

    # What a decorator does around the work.

    def start(self, runtime: Runtime) -> None:
        """Start the span, keep what the call was given, and make the span the current one."""
        self.outer = self.outcome = None
        self.started_ns = 0
        with _STARTING:
            self._runtime = runtime
            self._attributes = {}
            context = get_current()
            outer = context.get(_KEY)
            if isinstance(outer, StageSpan):
                self.outer, self.grounds, self.fetch = outer, outer.grounds, outer.fetch
                if outer.is_left_out:
                    # The whole trace is; nothing is to be done or told.
                    self.is_left_out = True
                    self._args, self._kwargs = (), _NO_KEYWORDS
                    return
            else:
                self.grounds = self.fetch = None
            plan = self._plan
            name, opening = plan.known_opening or plan.opening(self._args, self._kwargs)
            is_alone = False
            if runtime.sample == 1.0 or not begins_trace():
                is_alone = runtime.is_alone()
                span = runtime.tracer.start_span(name, context, plan.kind, None if is_alone else opening)
            else:
                span, context = self._drawn(runtime, context, name, opening)
            self.started_ns = time.monotonic_ns()
            self._span, told = span, span.get_span_context()
            self._span_id = told.span_id
            self._context = Context({**context, _SPAN_KEY: span, _KEY: self})
            if span.is_recording():
                self.is_left_out = False
                if is_alone:
                    put(span, opening)
                self._record(runtime, plan)
            else:
                self.is_left_out = not told.trace_flags.sampled
            self._token = attach(self._context)
        # A task that outlives the call keeps this object alive, and must not keep the host's arguments too.
        self._args, self._kwargs = (), _NO_KEYWORDS

    def _drawn(
        self, runtime: Runtime, context: Context, name: str, opening: Mapping[str, Value]
    ) -> tuple[Span, Context]:
        """Start a trace if it is kept; give the context for what runs beneath it, too."""
        plan = self._plan
        ratio = sampled_ratio(runtime.sample, name, lambda: plan.asked(self._args, self._kwargs))
        if not is_kept(ratio):
            return left_out(), context
        span = runtime.tracer.start_span(name, context, plan.kind, {**opening, keys.SAMPLE_RATIO: ratio})
        return span, with_attribute(keys.SAMPLE_RATIO, ratio)

    def _record(self, runtime: Runtime, plan: Plan) -> None:
        """Keep what the call was given."""
        stage, args = plan.stage, self._args
        if stage.fetches:
            self._within, self.fetch = self.fetch, self._span_id
        elif stage is PIPELINE:
            self.grounds = Grounds(self.grounds)
        elif stage is GENERATE:
            self._stood_on = _NOTHING if self.grounds is None else self.grounds.latest()
        self._content = content = Content(runtime.max_content_chars, plan.capture or runtime.capture)
        position = plan.asked_at
        if position is not None and position < len(args) and type(asked := args[position]) is str:
            # What most calls are given. Nothing to guard: a string is kept as it is.
            if stage is EMBED:
                content.take_embedded((asked,))
            else:
                content.take_text(stage.read_asked, asked)
        elif stage.find is not None:
            take_asked(content, plan, args, self._kwargs)
        if plan.is_stated:
            self._attributes |= stated(content, plan, args, self._kwargs)

    @property
    def pipeline(self) -> "StageSpan":
        """The nearest pipeline that it is or runs in; where there is none, the stage itself."""
        within: StageSpan | None = self
        while within is not None and within.stage is not PIPELINE:
            within = within.outer
        return within or self

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
        return self._content is not None

    @property
    def span_context(self) -> SpanContext | None:
        """Say which span it is; None where there is none."""
        return None if self._span is None else self._span.get_span_context()

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
        read, content = self._plan.stage.read_result, self._content
        if type(returned) is str and read in _ANSWERS and content is not None:
            # What most answers are. Nothing to guard: a string is kept as it is.
            content.take_text(read, returned)
        else:
            self._read(read, returned)
        self.end()

    def fail(self, error: BaseException) -> None:
        """Record the exception that ended the work, and end the span."""
        if self._span is not None:
            with _RECORDING:
                record(self._span, error, self._plan.capture or self._runtime.capture)
        self.end(failed=True)

    def end(self, *, failed: bool = False) -> None:
        """Write what was read, and end the span."""
        span, content = self._span, self._content
        if span is None:
            return
        if self._token is not None:
            self._give_back(self._token)
        # The context names this object: without each other they need no garbage collector.
        self._content = self._context = None
        if content is None:
            return
        with _ENDING:
            if span.is_recording():
                if not failed and self.grounds is not None and self._plan.settles:
                    self._settle(content, self.grounds)
                self._hand_over(span, content)

    def _hand_over(self, span: Span, content: Content) -> None:
        """End the span; its texts are left where our exporter finds them."""
        runtime, span_id = self._runtime, self._span_id
        if runtime.on_span is not None:
            self._attributes |= runtime.on_span(content.written())
            content = _NO_CONTENT
        if self._attributes:
            span.set_attributes(self._attributes)
        if not content:
            span.end()
            return
        contents = runtime.contents
        contents[span_id] = content
        span.end()
        if span_id in contents:
            # Nobody took it: the span is not for us to send.
            contents.pop(span_id, None)

    def resume(self) -> None:
        """Make the span the current one again: a stream's work goes on."""
        if self._context is not None and self._token is None:
            self._token = attach(self._context)

    def pause(self) -> None:
        """Give the context back as it was found: a stream hands over an item."""
        if self._token is not None:
            # The work may have opened spans of its own, which are current again when it goes on.
            inside = get_current()
            self._give_back(self._token)
            self._context = inside

    def _give_back(self, token: Token[Context]) -> None:
        self._token = None
        try:
            token.var.reset(token)
        except ValueError:
            # It was attached by another task or thread, as in give_back().
            if get_current() is self._context and isinstance(token.old_value, Context):
                attach(token.old_value)

    def _settle(self, content: Content, grounds: Grounds) -> None:
        """Tell the pipeline what was fetched, and the answer what it stands on."""
        if content.fetched:
            reranked = self._plan.stage is RERANK
            grounds.add(Fetch(self._span_id, self.started_ns, time.monotonic_ns(), reranked, self._within))
        elif self._plan.stage is GENERATE and not content.has_context:
            # Chunks fetched while the answer was made count where none were there before.
            stood_on = self._stood_on or grounds.latest()
            if stood_on:
                content.note(named, stood_on)
        elif self._plan.stage is PIPELINE:
            grounds.hand_up()


def _current() -> StageSpan | None:
    found = get_value(_KEY)
    return found if isinstance(found, StageSpan) else None

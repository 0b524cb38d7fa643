"""The calls of LlamaIndex's that are open, and their spans: what its handlers drive."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, cast
from weakref import WeakKeyDictionary

from groundspan import _runtime
from groundspan import attributes as keys
from groundspan._guard import Guard
from groundspan._outcome import FINISHED
from groundspan._returned import followed
from groundspan._runtime import Runtime
from groundspan._shapes import get, text
from groundspan._span import StageSpan, _current
from groundspan._stages import EMBED, GENERATE, PIPELINE, RERANK, TOOL, Stage
from groundspan.integrations import _inner
from groundspan.integrations._calls import begun
from groundspan.integrations._elsewhere import is_client_wrapped, is_decorated, is_handled, is_spanned
from groundspan.integrations._home import Home, home, run_at
from groundspan.integrations._inner import At
from groundspan.integrations._llama_index_streams import Stream, Streams, is_stream
from groundspan.integrations.llama_index import Work, by_name, method_of, reranking, tool_name, work_of

# Calls that never end (a task that is lost, say) must not fill the memory.
_MOST_OPEN: Final = 10_000
_MODEL_STAGES: Final = (GENERATE, EMBED)
# The engines' answers that go on, by their classes, and where their generators are.
_STREAMED: Final = {
    "StreamingResponse": "response_gen",
    "AsyncStreamingResponse": "response_gen",
    "StreamingAgentChatResponse": "chat_stream",
}
_ASYNC_STREAM: Final = "achat_stream"
# What reads a chat engine's stream, in a thread or a task of its own.
_WRITERS: Final = frozenset({"write_response_to_history", "awrite_response_to_history"})
_RERANK_ID: Final = "rerank "

_ENTERING = Guard("start a span for LlamaIndex")
_LEAVING = Guard("end a span for LlamaIndex")
_HEARING = Guard("read an event of LlamaIndex")


@dataclass(slots=True)
class _Call:
    """A call in progress."""

    span: At
    told: Callable[[object], object] = lambda result: result
    is_told: bool = False
    """Whether events tell of what comes of it."""
    home: Home | None = None
    """Where an engine's call began: of a future that is done, LlamaIndex tells in a copy."""

    def come_home(self) -> None:
        """Give the context back where it was changed, before the span ends."""
        if self.home is not None:
            run_at(self.home, self.span.pause)


class Calls:
    """The calls in progress, by the ids of LlamaIndex's spans; *handlers* gives all that listen to LlamaIndex."""

    def __init__(self, handlers: Callable[[], Iterable[object]]) -> None:
        self._handlers = handlers
        self._open: OrderedDict[str, _Call] = OrderedDict()
        self._streams = Streams()
        self._tools: WeakKeyDictionary[StageSpan, str] = WeakKeyDictionary()
        """The tools whose calls are open."""
        self._written: dict[int, tuple[object, StageSpan]] = {}
        """Chat engines' answers that are being written, by their ids."""
        _inner.streams.append(self._streams.at_work)

    def __len__(self) -> int:
        return len(self._open) + len(self._streams) + len(self._written)

    def enter(self, span_id: str, instance: object, arguments: Mapping[str, object]) -> None:
        """Start the span of a call, if it makes one, in the context that the call runs in."""
        runtime = _runtime.current()
        if runtime is None:
            return
        with _ENTERING:
            work = work_of(span_id, instance)
            if work is not None and not self._is_told_already(work.stage, instance):
                self._start(runtime, span_id, instance, work, arguments)

    def leave(self, span_id: str, instance: object, result: object) -> None:
        """End the span of a call with what it gave, or with its stream."""
        with _LEAVING:
            reranked = self._open.pop(_RERANK_ID + span_id, None)
            if reranked is not None:
                reranked.span.end()
            call = self._open.pop(span_id, None)
            if call is not None:
                call.come_home()
                try:
                    self._end(span_id, call, result)
                except BaseException:
                    # Whatever cannot be read: the context goes back to the host as it was.
                    call.span.end()
                    raise
            elif self._written and method_of(span_id) in _WRITERS:
                self._write(instance, None)

    def drop(self, span_id: str, instance: object, error: BaseException) -> None:
        """End the span of a call with what it raised."""
        with _LEAVING:
            for key in (_RERANK_ID + span_id, span_id):
                call = self._open.pop(key, None)
                if call is not None:
                    call.come_home()
                    call.span.fail(error)
            if self._written and method_of(span_id) in _WRITERS:
                self._write(instance, error)

    def hear(self, event: object) -> None:
        """Take what an event tells."""
        hear = _EVENTS.get(type(event).__name__)
        if hear is None or _runtime.current() is None:
            return
        with _HEARING:
            span_id = text(event, ("span_id",))
            if span_id is not None:
                hear(self, span_id, event)

    def close(self) -> None:
        """End all that is open, for good."""
        _inner.streams.remove(self._streams.at_work)
        self.end_all()

    def end_all(self) -> None:
        """End all that is open."""
        with _LEAVING:
            while self._open:
                self._open.popitem()[1].span.end()
            self._streams.close()
            for _answer, span in self._written.values():
                span.end()
            self._written.clear()

    def begun(self, span_id: str, _event: object) -> None:
        """Learn that a model's call tells what comes of it."""
        call = self._open.get(span_id)
        if call is not None:
            call.is_told = True

    def came(self, span_id: str, event: object) -> None:
        """Take a piece of a streamed answer."""
        self._streams.came(span_id, get(event, "response"))

    def ended(self, span_id: str, _event: object) -> None:
        """End the span of a stream that was read to its end; a call that is no stream ends when it returns."""
        self._streams.end(span_id, Stream.finish)

    def failed(self, span_id: str, event: object) -> None:
        """End the span of a stream with an exception."""
        error = get(event, "exception")
        if isinstance(error, BaseException):
            self._streams.end(span_id, lambda stream: stream.fail(error))

    def rerank(self, span_id: str, event: object) -> None:
        """Start the span of a reranker, within its postprocessor's call."""
        runtime = _runtime.current()
        if runtime is not None and not self._is_elsewhere(RERANK, None):
            self._add(_RERANK_ID + span_id, _Call(begun(runtime, RERANK, lambda: reranking(event))))

    def reranked(self, span_id: str, event: object) -> None:
        """End the span of a reranker with its chunks in their new order."""
        call = self._open.pop(_RERANK_ID + span_id, None)
        if call is not None:
            call.span.finish(get(event, "nodes"))

    def _is_told_already(self, stage: Stage, instance: object) -> bool:
        """Tell whether there is, or is to be, a span of this call."""
        if self._is_elsewhere(stage, instance):
            return True
        around = _current()
        if stage is PIPELINE:
            # An engine within anything of ours is a part of that.
            return around is not None
        if stage is not TOOL:
            return False
        # One way to call a tool goes through another.
        return is_decorated(get(instance, "real_fn"), TOOL) or (
            around is not None and self._tools.get(around) == tool_name(instance)
        )

    def _is_elsewhere(self, stage: Stage, instance: object) -> bool:
        if is_handled(self._handlers()) or is_spanned(stage):
            return True
        return stage in _MODEL_STAGES and is_client_wrapped(each.__name__ for each in type(instance).__mro__)

    def _start(
        self, runtime: Runtime, span_id: str, instance: object, work: Work, arguments: Mapping[str, object]
    ) -> None:
        span = begun(runtime, work.stage, lambda: work.read(instance, by_name(arguments)))
        if isinstance(span, StageSpan) and work.stage is TOOL:
            self._tools[span] = tool_name(instance)
        self._add(span_id, _Call(span, work.told, home=home() if work.stage is PIPELINE else None))

    def _add(self, span_id: str, call: _Call) -> None:
        self._open[span_id] = call
        if len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)[1].span.end()

    def _end(self, span_id: str, call: _Call, result: object) -> None:
        span = call.span
        if span.stage is GENERATE and is_stream(result):
            self._streams.follow(span_id, span, result, is_told=call.is_told)
            return
        streamed = _STREAMED.get(type(result).__name__) if span.stage is PIPELINE else None
        if streamed is None:
            span.finish(call.told(result))
        elif get(result, "is_writing_to_memory"):
            self._write_later(result, cast("StageSpan", span))
        else:
            _follow(result, streamed, cast("StageSpan", span))

    def _write_later(self, answer: object, span: StageSpan) -> None:
        span.pause()
        self._written[id(answer)] = answer, span
        if get(answer, "is_done") or get(answer, "exception") is not None:
            # It was quicker.
            error = get(answer, "exception")
            self._write(answer, error if isinstance(error, BaseException) else None)
        elif len(self._written) > _MOST_OPEN:
            self._written.pop(next(iter(self._written)))[1].end()

    def _write(self, answer: object, error: BaseException | None) -> None:
        found = self._written.pop(id(answer), None)
        if found is None:
            return
        span = found[1]
        span.result(get(answer, "response"))
        if error is not None:
            span.fail(error)
            return
        span.note({keys.STREAM_OUTCOME: FINISHED})
        span.end()


def _follow(result: object, name: str, span: StageSpan) -> None:
    """Let the span end with the answer's generator; the answer itself goes out as it is."""
    if get(result, name) is None:
        name = _ASYNC_STREAM
    generator = get(result, name)
    if generator is None:
        span.end()
        return
    setattr(result, name, followed(generator, span))


_EVENTS: Final[Mapping[str, Callable[[Calls, str, object], None]]] = {
    "LLMChatStartEvent": Calls.begun,
    "LLMCompletionStartEvent": Calls.begun,
    "LLMChatInProgressEvent": Calls.came,
    "LLMCompletionInProgressEvent": Calls.came,
    "LLMChatEndEvent": Calls.ended,
    "LLMCompletionEndEvent": Calls.ended,
    "ExceptionEvent": Calls.failed,
    "ReRankStartEvent": Calls.rerank,
    "ReRankEndEvent": Calls.reranked,
}

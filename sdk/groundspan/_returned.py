"""What a function returned that is not done yet: a generator, a client's stream, a response with a streamed body."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import AsyncGeneratorType, CoroutineType, GeneratorType, NoneType, TracebackType
from typing import Final, TypeVar, cast

from groundspan._flow import Flow
from groundspan._guard import attempt
from groundspan._span import StageSpan
from groundspan._streams import AsyncSteps, Steps, awaited, relay, relay_async

T = TypeVar("T")

DONE: Final = frozenset({NoneType, str, bytes, bool, int, float, list, tuple, dict, set})
"""What most functions return, told from a stream by one look."""

_WORK = frozenset({GeneratorType, AsyncGeneratorType, CoroutineType})
# Files and database cursors are iterators too, which other libraries' C code takes apart.
_NO_STREAMS = ("read", "fetchone")
# A mock answers to everything, and its test asks whether it got that very mock.
_MOCKS = frozenset({"unittest.mock", "mock.mock"})
_BODIES = ("stream_response", "_stream_response")
_TEXTS = "text_stream"
_READS_TEXTS = "__stream_text__"
_READ_ON = ("get_final_", "until_done")


def followed(returned: T, span: StageSpan) -> T:
    """End *span* with what the work returned; where that goes on, stand in for it and end the span with it."""
    if type(returned) in DONE or not attempt(_goes_on, returned, otherwise=False):
        span.finish(returned)
        return returned
    span.pause()
    return cast("T", _stand_in(returned, span))


def _goes_on(returned: object) -> bool:
    kind = type(returned)
    if kind in _WORK:
        return True
    if kind.__module__ in _MOCKS:
        return False
    if hasattr(kind, "__next__") or hasattr(kind, "__anext__"):
        return not any(hasattr(kind, name) for name in _NO_STREAMS)
    return _is_manager(kind) or any(hasattr(kind, name) for name in _BODIES)


def _is_manager(kind: type) -> bool:
    """Tell whether a client's stream is opened by ``with`` first."""
    return kind.__name__.endswith("StreamManager") and (hasattr(kind, "__enter__") or hasattr(kind, "__aenter__"))


def _stand_in(returned: object, span: StageSpan) -> object:
    if isinstance(returned, CoroutineType):
        return awaited(returned, span)
    body = getattr(returned, "body_iterator", None)
    if body is None:
        return _stream(returned, Flow(span))
    # The response itself goes out as it is: frameworks look at its type, its headers and its background task.
    returned.body_iterator = _stream(body, Flow(span))  # type: ignore[attr-defined] # it has one: see above
    return returned


def _stream(work: object, flow: Flow) -> object:
    """Stand in for anything that gives pieces."""
    if isinstance(work, GeneratorType):
        return relay(Steps(work, flow))
    if isinstance(work, AsyncGeneratorType):
        return relay_async(lambda: AsyncSteps(work, flow))()
    kind = type(work)
    is_sync = hasattr(kind, "__next__") or hasattr(kind, "__enter__")
    is_async = hasattr(kind, "__anext__") or hasattr(kind, "__aenter__")
    if is_sync and is_async:
        return _SyncAndAsync(work, flow)
    if is_sync:
        return _Sync(work, flow)
    return _Async(work, flow) if is_async else work


class _StandIn:
    """A client's stream as the caller knows it: its type, its attributes, its methods."""

    __slots__ = ("__weakref__", "_groundspan_flow", "_groundspan_inner")

    _groundspan_flow: Flow
    _groundspan_inner: object

    def __init__(self, inner: object, flow: Flow) -> None:
        object.__setattr__(self, "_groundspan_inner", inner)
        object.__setattr__(self, "_groundspan_flow", flow)

    @property  # type: ignore[misc] # isinstance() asks it
    def __class__(self) -> type:
        # Not type(): what a decorated function hands on may be such a stand-in already.
        return self._groundspan_inner.__class__

    def __getattr__(self, name: str) -> object:
        found = getattr(self._groundspan_inner, name)
        if name in ("close", "aclose"):
            return self._closing(cast("Callable[[], object]", found))
        if name == _TEXTS:
            # Read through this object, its texts are seen as the events that they are in, which tell the usage.
            read = getattr(self._groundspan_inner.__class__, _READS_TEXTS, None)
            return _stream(found, self._groundspan_flow) if read is None else read(self)
        if name.startswith(_READ_ON) and hasattr(found, "__func__"):
            # These read the stream themselves: through this object they are seen to.
            return found.__func__.__get__(self)
        return found

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._groundspan_inner, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._groundspan_inner, name)

    def __dir__(self) -> list[str]:
        return dir(self._groundspan_inner)

    def __repr__(self) -> str:
        return repr(self._groundspan_inner)

    def __eq__(self, other: object) -> bool:
        return self is other or self._groundspan_inner == other

    def __hash__(self) -> int:
        return hash(self._groundspan_inner)

    def _closing(self, close: Callable[[], object]) -> Callable[[], object]:
        flow = self._groundspan_flow

        def closed() -> object:
            flow.stop()
            return close()

        return closed

    def _entered(self, entered: object) -> object:
        return self if entered is self._groundspan_inner else _stream(entered, self._groundspan_flow)


class _Sync(_StandIn):
    __slots__ = ()

    def __iter__(self) -> Iterator[object]:
        return self

    def __next__(self) -> object:
        inner = cast("Iterator[object]", self._groundspan_inner)
        return self._groundspan_flow.step(lambda: next(inner))

    def __enter__(self) -> object:
        enter = self._groundspan_inner.__enter__  # type: ignore[attr-defined] # without one, with is the host's mistake
        return self._entered(self._groundspan_flow.under(enter))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> object:
        self._groundspan_flow.stop(error)
        return self._groundspan_inner.__exit__(kind, error, trace)  # type: ignore[attr-defined] # as above


class _Async(_StandIn):
    __slots__ = ()

    def __aiter__(self) -> AsyncIterator[object]:
        return self

    async def __anext__(self) -> object:
        inner = cast("AsyncIterator[object]", self._groundspan_inner)
        return await self._groundspan_flow.step_async(inner.__anext__())

    async def __aenter__(self) -> object:
        entering: Awaitable[object] = self._groundspan_inner.__aenter__()  # type: ignore[attr-defined] # as above
        return self._entered(await self._groundspan_flow.under_async(entering))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> object:
        self._groundspan_flow.stop(error)
        return await self._groundspan_inner.__aexit__(kind, error, trace)  # type: ignore[attr-defined] # as above


class _SyncAndAsync(_Sync, _Async):
    __slots__ = ()

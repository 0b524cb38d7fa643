"""Generators and coroutines: the span ends when the work ends, and is current only while it goes on."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from types import AsyncGeneratorType, CoroutineType, GeneratorType, TracebackType
from typing import Final

from groundspan._span import StageSpan

# More pieces than any answer has; a stream without end must not fill the memory.
_MAX_ITEMS = 100_000

STREAMS: Final = frozenset({GeneratorType, AsyncGeneratorType, CoroutineType})


def follow(returned: object, span: StageSpan) -> object:
    """Stand in for a generator or coroutine that a plain function returned, and end its span with it."""
    span.pause()
    if isinstance(returned, GeneratorType):
        return relay(Steps(returned, span))
    if isinstance(returned, AsyncGeneratorType):
        return relay_async(AsyncSteps(returned, span))
    if isinstance(returned, CoroutineType):
        return _awaited(returned, span)
    span.finish(returned)
    return returned


def relay(steps: "Steps") -> Generator[object, object, object]:
    """Be a true generator around *steps*: frameworks look at the type."""
    return (yield from steps)


async def relay_async(steps: "AsyncSteps") -> AsyncGenerator[object, object]:
    """Be a true async generator around *steps*."""
    sent: object = None
    try:
        while True:
            sent = yield await steps.asend(sent)
    except StopAsyncIteration:
        return
    finally:
        await steps.aclose()


async def _awaited(work: Coroutine[object, object, object], span: StageSpan) -> object:
    span.resume()
    try:
        returned = await work
    except BaseException as error:
        span.fail(error)
        raise
    span.finish(returned)
    return returned


class _Received:
    """What a stream gave so far."""

    __slots__ = ("_items", "_span")

    def __init__(self, span: StageSpan) -> None:
        self._span = span
        self._items: list[object] = []

    def add(self, item: object) -> None:
        if len(self._items) < _MAX_ITEMS:
            self._items.append(item)

    def end(self) -> None:
        """End the span; pieces of text are one text, unless each is a result of its own."""
        texts = [item for item in self._items if isinstance(item, str)]
        if self._span.speaks:
            self._span.finish("".join(texts) if texts else None)
        else:
            self._span.finish(self._items)


class Steps(Generator[object, object, object]):
    """A generator whose every step runs under its span."""

    def __init__(self, inner: Generator[object, object, object], span: StageSpan) -> None:
        self._inner = inner
        self._span = span
        self._received = _Received(span)

    def send(self, value: object) -> object:
        """Run the generator to its next item."""
        return self._step(lambda: self._inner.send(value))

    def throw(
        self,
        kind: type[BaseException] | BaseException,
        error: BaseException | object = None,
        _trace: TracebackType | None = None,
    ) -> object:
        """Raise an exception where the generator waits."""
        return self._step(lambda: self._inner.throw(_raised(kind, error)))

    def __del__(self) -> None:
        self._received.end()

    def _step(self, advance: Callable[[], object]) -> object:
        self._span.resume()
        try:
            item = advance()
        except (StopIteration, GeneratorExit):
            self._received.end()
            raise
        except BaseException as error:
            self._span.fail(error)
            raise
        self._span.pause()
        self._received.add(item)
        return item


class AsyncSteps(AsyncGenerator[object, object]):
    """An async generator whose every step runs under its span."""

    def __init__(self, inner: AsyncGenerator[object, object], span: StageSpan) -> None:
        self._inner = inner
        self._span = span
        self._received = _Received(span)

    async def asend(self, value: object) -> object:
        """Run the generator to its next item."""
        return await self._step(self._inner.asend(value))

    async def athrow(
        self,
        kind: type[BaseException] | BaseException,
        error: BaseException | object = None,
        _trace: TracebackType | None = None,
    ) -> object:
        """Raise an exception where the generator waits."""
        return await self._step(self._inner.athrow(_raised(kind, error)))

    async def aclose(self) -> None:
        """Stop the generator where it waits; one that has ended takes it too."""
        self._span.resume()
        try:
            await self._inner.aclose()
        except BaseException as error:
            self._span.fail(error)
            raise
        self._received.end()

    def __del__(self) -> None:
        self._received.end()

    async def _step(self, advance: Coroutine[object, object, object]) -> object:
        self._span.resume()
        try:
            item = await advance
        except (StopAsyncIteration, GeneratorExit):
            self._received.end()
            raise
        except BaseException as error:
            self._span.fail(error)
            raise
        self._span.pause()
        self._received.add(item)
        return item


def _raised(kind: type[BaseException] | BaseException, error: object) -> BaseException:
    """Make one exception of the older three arguments of throw()."""
    if isinstance(kind, BaseException):
        return kind
    return error if isinstance(error, BaseException) else kind()

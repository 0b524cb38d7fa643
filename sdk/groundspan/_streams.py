"""Generators and coroutines: the span ends when the work ends, and is current only while it goes on."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from types import TracebackType
from typing import ParamSpec

from groundspan._flow import Flow
from groundspan._span import StageSpan

P = ParamSpec("P")


def relay(steps: "Steps") -> Generator[object, object, object]:
    """Be a true generator around *steps*: frameworks look at the type."""
    return (yield from steps)


def relay_async(
    opened: Callable[P, AsyncGenerator[object, object]],
) -> Callable[P, AsyncGenerator[object, object]]:
    """Be a true async generator function around what *opened* gives: frameworks look at the function too."""

    async def call(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[object, object]:
        steps = opened(*args, **kwargs)
        advance = steps.asend(None)
        while True:
            try:
                piece = await advance
            except StopAsyncIteration:
                return
            thrown: BaseException | None = None
            sent: object = None
            try:
                sent = yield piece
            except BaseException as error:  # noqa: BLE001 - handed on below
                thrown = error
            # Outside of the handler: what the consumer is leaving with is the exception in progress here.
            if isinstance(thrown, GeneratorExit):
                await steps.aclose()
                raise thrown
            advance = steps.asend(sent) if thrown is None else steps.athrow(thrown)

    return call


async def awaited(work: Coroutine[object, object, object], span: StageSpan) -> object:
    """Stand in for a coroutine that a plain function returned."""
    span.resume()
    try:
        returned = await work
    except BaseException as error:
        span.fail(error)
        raise
    span.finish(returned)
    return returned


class Steps(Generator[object, object, object]):
    """A generator whose every step runs under its span."""

    def __init__(self, inner: Generator[object, object, object], flow: Flow) -> None:
        self._inner = inner
        self._flow = flow

    def send(self, value: object) -> object:
        """Run the generator to its next piece."""
        return self._flow.step(lambda: self._inner.send(value))

    def throw(
        self,
        kind: type[BaseException] | BaseException,
        error: BaseException | object = None,
        _trace: TracebackType | None = None,
    ) -> object:
        """Raise an exception where the generator waits."""
        return self._flow.step(lambda: self._inner.throw(_raised(kind, error)))

    def close(self) -> None:
        """Stop the generator where it waits; one that has ended takes it too."""
        self._flow.leave()
        super().close()
        self._flow.stop()


class AsyncSteps(AsyncGenerator[object, object]):
    """An async generator whose every step runs under its span."""

    def __init__(self, inner: AsyncGenerator[object, object], flow: Flow) -> None:
        self._inner = inner
        self._flow = flow

    async def asend(self, value: object) -> object:
        """Run the generator to its next piece."""
        return await self._flow.step_async(self._inner.asend(value))

    async def athrow(
        self,
        kind: type[BaseException] | BaseException,
        error: BaseException | object = None,
        _trace: TracebackType | None = None,
    ) -> object:
        """Raise an exception where the generator waits."""
        return await self._flow.step_async(self._inner.athrow(_raised(kind, error)))

    async def aclose(self) -> None:
        """Stop the generator where it waits; one that has ended takes it too."""
        self._flow.leave()
        await self._flow.under_async(self._inner.aclose())
        self._flow.stop()


def _raised(kind: type[BaseException] | BaseException, error: object) -> BaseException:
    """Make one exception of the older three arguments of throw()."""
    if isinstance(kind, BaseException):
        return kind
    return error if isinstance(error, BaseException) else kind()

"""Put a stage's span around a function, whatever kind of function it is."""

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import ParamSpec, TypeVar, cast

from groundspan import _runtime
from groundspan._flow import Flow
from groundspan._plan import Plan
from groundspan._returned import DONE, followed
from groundspan._span import StageSpan
from groundspan._streams import AsyncSteps, Steps, relay, relay_async

P = ParamSpec("P")
R = TypeVar("R")


def wrapped(function: Callable[P, R], plan: Plan) -> Callable[P, R]:
    """Give *function* a span for each call; its kind, name and signature stay what they are."""
    # A decorator may stand above @classmethod and @staticmethod too.
    if isinstance(function, classmethod | staticmethod):
        return cast("Callable[P, R]", type(function)(wrapped(function.__func__, plan)))
    if inspect.isasyncgenfunction(function):
        around: object = _async_generator(function, plan)
    elif inspect.isgeneratorfunction(function):
        around = _generator(function, plan)
    elif inspect.iscoroutinefunction(function):
        around = _coroutine(function, plan)
    else:
        around = _plain(function, plan)
    return cast("Callable[P, R]", around)


def _plain(function: Callable[P, R], plan: Plan) -> Callable[P, R]:
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        runtime = _runtime.current()
        if runtime is None:
            return function(*args, **kwargs)
        span = StageSpan(plan, args, kwargs)
        span.start(runtime)
        try:
            returned = function(*args, **kwargs)
        except BaseException as error:
            span.fail(error)
            raise
        if type(returned) in DONE:
            span.finish(returned)
            return returned
        return followed(returned, span)

    return call


def _coroutine(function: Callable[P, Awaitable[R]], plan: Plan) -> Callable[P, Awaitable[R]]:
    @functools.wraps(function)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        runtime = _runtime.current()
        if runtime is None:
            return await function(*args, **kwargs)
        span = StageSpan(plan, args, kwargs)
        span.start(runtime)
        try:
            returned = await function(*args, **kwargs)
        except BaseException as error:
            span.fail(error)
            raise
        if type(returned) in DONE:
            span.finish(returned)
            return returned
        return followed(returned, span)

    return call


def _generator(
    function: Callable[P, Generator[object, object, object]], plan: Plan
) -> Callable[P, Generator[object, object, object]]:
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Generator[object, object, object]:
        runtime = _runtime.current()
        if runtime is None:
            return (yield from function(*args, **kwargs))
        span = StageSpan(plan, args, kwargs)
        span.start(runtime)
        span.pause()
        return (yield from relay(Steps(function(*args, **kwargs), Flow(span))))

    return call


def _async_generator(
    function: Callable[P, AsyncGenerator[object, object]], plan: Plan
) -> Callable[P, AsyncGenerator[object, object]]:
    def opened(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[object, object]:
        runtime = _runtime.current()
        if runtime is None:
            return function(*args, **kwargs)
        span = StageSpan(plan, args, kwargs)
        span.start(runtime)
        span.pause()
        return AsyncSteps(function(*args, **kwargs), Flow(span))

    return functools.wraps(function)(relay_async(opened))

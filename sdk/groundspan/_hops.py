"""Where work hops: to a thread, to another process, to another service."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Token, copy_context
from typing import ParamSpec, TypeAlias, TypeVar, cast

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import get_current_span

from groundspan._guard import Guard

P = ParamSpec("P")
R = TypeVar("R")

Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]

_SENDING = Guard("write trace headers")
_CONTINUING = Guard("read trace headers")


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """Give *function* the place in the trace where carry() is called, wherever it then runs.

    >>> with ThreadPoolExecutor() as pool:
    ...     hits = pool.map(gs.carry(search), queries)

    For functions and coroutine functions; the result may run many times, and at the same time.
    """
    if inspect.iscoroutinefunction(function):
        return cast("Callable[P, R]", _carried_coroutine(function, get_current()))
    # A context can be entered once at a time, so every call runs in a copy of its own.
    here = copy_context()

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return here.copy().run(function, *args, **kwargs)

    return call


def _carried_coroutine(function: Callable[P, Awaitable[R]], here: Context) -> Callable[P, Awaitable[R]]:
    @functools.wraps(function)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        token = attach(here)
        try:
            return await function(*args, **kwargs)
        finally:
            detach(token)

    return call


def headers() -> dict[str, str]:
    """Give the headers that let another service or process continue this trace; none outside of a span.

    >>> httpx.post(url, json=query, headers=gs.headers())
    """
    written: dict[str, str] = {}
    with _SENDING:
        from opentelemetry.propagate import inject

        inject(written)
    return written


@contextmanager
def continued(headers: Headers) -> Iterator[None]:
    """Continue the trace that a request's headers name; without such headers a trace of its own begins.

    >>> with gs.continued(request.headers):
    ...     hits = search(query)

    A mapping, or ASGI's list of pairs. Where an instrumentation has continued the trace already, its span stays
    the parent.
    """
    token: Token[Context] | None = None
    with _CONTINUING:
        token = _attached(headers)
    try:
        yield
    finally:
        if token is not None:
            detach(token)


def _attached(headers: Headers) -> Token[Context] | None:
    from opentelemetry.propagate import extract

    pairs = headers.items() if isinstance(headers, Mapping) else headers
    there = extract({_word(name).lower(): _word(value) for name, value in pairs})
    remote, local = get_current_span(there).get_span_context(), get_current_span().get_span_context()
    return None if remote.trace_id == local.trace_id else attach(there)


def _word(text: str | bytes) -> str:
    return text.decode("latin-1") if isinstance(text, bytes) else text

"""A web application's requests as pipelines: ASGI middleware, for FastAPI, Starlette and whatever speaks ASGI."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Final, TypeAlias, cast

from opentelemetry.trace import StatusCode, get_current_span

from groundspan import _runtime
from groundspan import attributes as keys
from groundspan._decorators import pipeline
from groundspan._guard import Guard, attempt
from groundspan._hops import continued
from groundspan._outcome import DISCONNECTED, FINISHED
from groundspan._span import StageSpan
from groundspan._text import clean

Scope: TypeAlias = MutableMapping[str, object]
Message: TypeAlias = MutableMapping[str, object]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_SERVER_ERROR: Final = 500
_TELLING: Final = Guard("tell how a request went")
# What machines ask of every service.
_PATHS: Final = frozenset(
    {
        "/health",
        "/healthz",
        "/ready",
        "/readyz",
        "/live",
        "/livez",
        "/metrics",
        "/docs",
        "/openapi.json",
        "/favicon.ico",
    }
)
_METHODS: Final = frozenset({"OPTIONS", "HEAD"})


def asks(scope: Scope) -> bool:
    """Tell whether somebody asks something: no health check, no preflight, no page of documentation."""
    return scope.get("method") not in _METHODS and scope.get("path") not in _PATHS


def unasked(_scope: Scope) -> str | None:
    """Find no question: a body is the application's to read."""
    return None


class PipelineMiddleware:
    """Make each request a pipeline, in the trace that its headers name.

    >>> app.add_middleware(PipelineMiddleware)

    *include* says of an ASGI scope whether it is one; *question* finds in a scope what is asked. Neither body is read.
    The span ends with the response, streamed or not; an exception and a status of 500 and above are errors.
    """

    def __init__(
        self, app: App, *, include: Callable[[Scope], bool] = asks, question: Callable[[Scope], str | None] = unasked
    ) -> None:
        self._app = app
        self._include = include
        self._question = question

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_wanted = scope.get("type") == "http" and _runtime.current() is not None
        if not is_wanted or not attempt(self._include, scope, otherwise=False):
            await self._app(scope, receive, send)
            return
        headers = cast("Iterable[tuple[bytes, bytes]]", scope.get("headers") or ())
        question = attempt(self._question, scope, otherwise=None)
        with continued(headers):
            async with pipeline.span(clean(str(scope.get("path"))), question=question) as span:
                response = _Response(span)
                try:
                    await self._app(scope, response.heard(receive), response.seen(send))
                finally:
                    with _TELLING:
                        response.tell(scope)


class _Response:
    """What came of one request, as its messages pass."""

    def __init__(self, span: StageSpan) -> None:
        self._span = span
        self._status: int | None = None
        self._is_sent = False
        self._is_left = False

    def heard(self, receive: Receive) -> Receive:
        async def call() -> Message:
            message = await receive()
            if message.get("type") == "http.disconnect" and not self._is_sent:
                self._is_left = True
            return message

        return call

    def seen(self, send: Send) -> Send:
        async def call(message: Message) -> None:
            await send(message)
            status = message.get("status")
            if isinstance(status, int):
                self._status = status
            if message.get("type") == "http.response.body" and not message.get("more_body"):
                self._is_sent = True

        return call

    def tell(self, scope: Scope) -> None:
        """Name the route, which is known once the request was served, and say how it went."""
        path = getattr(scope.get("route"), "path", None)
        if isinstance(path, str):
            self._span.set(keys.WORKFLOW_NAME, path)
            get_current_span().update_name(f"{self._span.stage.span_name} {clean(path)}")
        if self._status is not None:
            self._span.set(keys.HTTP_STATUS, self._status)
        self._span.set(keys.STREAM_OUTCOME, DISCONNECTED if self._is_left else FINISHED)
        if self._status is not None and self._status >= _SERVER_ERROR:
            self._span.set(keys.ERROR_TYPE, str(self._status))
            get_current_span().set_status(StatusCode.ERROR)

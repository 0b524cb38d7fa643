"""OTLP over HTTP: limits, content types, the answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from fastapi import APIRouter, Request, Response
from google.protobuf import json_format
from google.protobuf.message import Message

from groundspan_collector import signals
from groundspan_collector.bodies import Uploads, drop, read_body
from groundspan_collector.decode import otlp_json
from groundspan_collector.errors import CollectorError, StoreUnavailable, UnsupportedContent
from groundspan_collector.signals import Signal

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
# So many times the limit are read and dropped before a client that is refused is cut off.
_PATIENCE = 4


def router(
    kinds: Sequence[Signal],
    authorize: Callable[[Request], str],
    *,
    max_body_bytes: int,
    max_in_flight_bytes: int,
) -> APIRouter:
    """The routes that emitters send to."""
    routes = APIRouter()
    uploads = Uploads(max_in_flight_bytes)
    for signal in kinds:
        endpoint = _endpoint(signal, authorize, uploads, max_body_bytes)
        # A plain route: there is nothing to validate or document in what is all bytes, and it takes half the time.
        routes.add_route(f"/v1/{signal.name}", endpoint, methods=["POST"], name=signal.name)
    return routes


def _endpoint(
    signal: Signal, authorize: Callable[[Request], str], uploads: Uploads, max_body_bytes: int
) -> Callable[[Request], Awaitable[Response]]:
    async def receive(request: Request) -> Response:
        """Store an Export…ServiceRequest; 200 when what it holds is safe."""
        pieces = request.stream()
        try:
            project = authorize(request)
            kind = checked_content_type(request.headers.get("content-type", ""))
            with signal.committer.expecting():
                body = await read_body(pieces, request.headers.get("content-encoding", ""), max_body_bytes, uploads)
                if kind == JSON:
                    # In a thread: it takes long, and others wait.
                    body = await asyncio.to_thread(otlp_json.read, body, signal.request)
        except CollectorError:
            await drop(pieces, _PATIENCE * max_body_bytes)
            raise
        answer = await signals.keep(signal, body, project)
        return Response(written(answer, kind), media_type=kind)

    async def receive_until_stopped(request: Request) -> Response:
        try:
            return await receive(request)
        except asyncio.CancelledError as error:
            # Only a stop that has waited long enough cancels; of an answer with 500, clients drop what they sent.
            raise StoreUnavailable("the collector is shutting down") from error

    return receive_until_stopped


def checked_content_type(content_type: str) -> str:
    """PROTOBUF or JSON; raises UnsupportedContent where it is neither."""
    kind = _kind(content_type)
    if kind not in {PROTOBUF, JSON}:
        raise UnsupportedContent(
            f"Content-Type must be {PROTOBUF} or {JSON}, got {kind or 'none'!r}; "
            "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf in the emitter"
        )
    return kind


def encoding_of(request: Request) -> str:
    """The encoding in which the sender of *request* reads an answer."""
    return JSON if _kind(request.headers.get("content-type", "")) == JSON else PROTOBUF


def written(message: Message, encoding: str) -> bytes:
    """*message* in PROTOBUF or JSON."""
    if encoding == JSON:
        return json_format.MessageToJson(message, indent=None).encode()
    return message.SerializeToString()


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()

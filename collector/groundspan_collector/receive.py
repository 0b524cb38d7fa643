"""OTLP over HTTP: limits, content types, validation, the answer."""

import zlib
from collections.abc import AsyncIterator, Callable

from fastapi import APIRouter, Request, Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from groundspan_collector import metrics
from groundspan_collector.commit import Committer
from groundspan_collector.decode import validate
from groundspan_collector.errors import BodyTooLarge, CollectorError, Overloaded, RejectedData, UnsupportedContent

PROTOBUF = "application/x-protobuf"
# So many times the limit are read and dropped before a client that is refused is cut off.
_PATIENCE = 4


class Uploads:
    """The bodies that are being read: many at a time must not outgrow the memory."""

    def __init__(self, most_bytes: int) -> None:
        """Hold at most *most_bytes* of all of them together."""
        self._most_bytes = most_bytes
        self._held_bytes = 0

    def grow(self, size_bytes: int) -> None:
        """Count *size_bytes* more; raises Overloaded where there is no room for them."""
        if self._held_bytes + size_bytes > self._most_bytes:
            raise Overloaded(f"{self._held_bytes} bytes are being received, {self._most_bytes} is the most: try again")
        self._held_bytes += size_bytes

    def release(self, size_bytes: int) -> None:
        """Count *size_bytes* less."""
        self._held_bytes -= size_bytes


def router(
    committer: Callable[[], Committer],
    authorize: Callable[[Request], str],
    *,
    max_body_bytes: int,
    max_in_flight_bytes: int,
) -> APIRouter:
    """The routes that emitters send to."""
    routes = APIRouter()
    uploads = Uploads(max_in_flight_bytes)

    @routes.post("/v1/traces")
    async def traces(request: Request) -> Response:
        """Store an ExportTraceServiceRequest; 200 when its spans are safe."""
        pieces = request.stream()
        try:
            project = authorize(request)
            check_content_type(request.headers.get("content-type", ""))
            with committer().expecting():
                body = await read_body(pieces, request.headers.get("content-encoding", ""), max_body_bytes, uploads)
                valid = validate.trace_request(body)
        except CollectorError:
            await drop(pieces, _PATIENCE * max_body_bytes)
            raise
        await keep(valid, project, committer())
        return Response(response_to(valid).SerializeToString(), media_type=PROTOBUF)

    return routes


async def keep(valid: validate.Request, project: str, committer: Committer) -> None:
    """Commit what is valid, and write the ledger: received = stored + rejected; what is to be sent again is neither."""
    if valid.spans:
        try:
            await committer.commit(valid.body, project)
        except RejectedData:
            metrics.RECEIVED.inc(valid.spans + valid.rejected)
            metrics.REJECTED.labels("undecodable").inc(valid.spans)
            metrics.REJECTED.labels("malformed").inc(valid.rejected)
            raise
    metrics.RECEIVED.inc(valid.spans + valid.rejected)
    metrics.STORED.inc(valid.spans)
    metrics.REJECTED.labels("malformed").inc(valid.rejected)


def response_to(valid: validate.Request) -> ExportTraceServiceResponse:
    """OTLP's answer: partial_success is set only where something was refused."""
    response = ExportTraceServiceResponse()
    if valid.rejected:
        response.partial_success.CopyFrom(
            ExportTracePartialSuccess(rejected_spans=valid.rejected, error_message=valid.reason)
        )
    return response


def check_content_type(content_type: str) -> None:
    """Raise UnsupportedContent unless it is OTLP's protobuf."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind != PROTOBUF:
        raise UnsupportedContent(
            f"Content-Type must be {PROTOBUF}, got {kind or 'none'!r}; "
            "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf in the emitter"
        )


async def read_body(pieces: AsyncIterator[bytes], encoding: str, max_bytes: int, uploads: Uploads) -> bytes:
    """The body, decompressed, never holding more than *max_bytes* of it.

    Raises BodyTooLarge, UnsupportedContent for another encoding than gzip, RejectedData for bytes that are no gzip,
    Overloaded where *uploads* has no room.
    """
    encoding = encoding.strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise UnsupportedContent(f"Content-Encoding must be gzip or absent, got {encoding!r}")
    body = bytearray()
    travelled_bytes = 0
    inflate = _Inflate() if encoding == "gzip" else None
    try:
        async for piece in pieces:
            travelled_bytes += len(piece)
            plain = inflate.more(piece, max_bytes - len(body) + 1) if inflate else piece
            # Gzip of nothing has a length too, and could go on for ever.
            if max(len(body) + len(plain), travelled_bytes) > max_bytes:
                raise BodyTooLarge(
                    f"the body has more than {max_bytes} bytes after decompression: send smaller batches"
                )
            uploads.grow(len(plain))
            body += plain
    finally:
        uploads.release(len(body))
    if inflate and not inflate.ended:
        raise RejectedData("the body ends in the middle of its gzip stream")
    return bytes(body)


async def drop(pieces: AsyncIterator[bytes], most_bytes: int) -> None:
    """Let a client send the rest of a body that is not wanted: one that is cut off reads no answer, and tries again."""
    async for piece in pieces:
        most_bytes -= len(piece)
        if most_bytes < 0:
            return


class _Inflate:
    """Gzip, one or more members, that never gives more than it is asked for: a small body may be a bomb."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    @property
    def ended(self) -> bool:
        return self._stream.eof

    def more(self, piece: bytes, most: int) -> bytes:
        out = bytearray()
        try:
            while piece and len(out) < most:
                if self._stream.eof:
                    self._stream = zlib.decompressobj(wbits=31)
                out += self._stream.decompress(piece, most - len(out))
                piece = self._stream.unused_data or self._stream.unconsumed_tail
        except zlib.error as error:
            raise RejectedData(f"Content-Encoding says gzip, the body is not: {error}") from error
        return bytes(out)

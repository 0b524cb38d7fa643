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
from groundspan_collector.errors import BodyTooLarge, CollectorError, RejectedData, UnsupportedContent

PROTOBUF = "application/x-protobuf"
# So many times the limit are read and dropped before a client that is refused is cut off.
_PATIENCE = 4


def router(committer: Callable[[], Committer], authorize: Callable[[Request], str], max_body_bytes: int) -> APIRouter:
    """The routes that emitters send to."""
    routes = APIRouter()

    @routes.post("/v1/traces")
    async def traces(request: Request) -> Response:
        """Store an ExportTraceServiceRequest; 200 when its spans are safe."""
        try:
            project = authorize(request)
            check_content_type(request.headers.get("content-type", ""))
        except CollectorError:
            await drop(request.stream(), _PATIENCE * max_body_bytes)
            raise
        valid = validate.trace_request(await read_body(request, max_body_bytes))
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


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The body, decompressed, never holding more than *max_bytes* of it.

    Raises BodyTooLarge, UnsupportedContent for another encoding than gzip, RejectedData for bytes that are no gzip.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise UnsupportedContent(f"Content-Encoding must be gzip or absent, got {encoding!r}")
    body = bytearray()
    travelled_bytes = 0
    inflate = _Inflate() if encoding == "gzip" else None
    pieces = request.stream()
    async for piece in pieces:
        travelled_bytes += len(piece)
        body += inflate.more(piece, max_bytes - len(body) + 1) if inflate else piece
        # Gzip of nothing has a length too, and could go on for ever.
        if max(len(body), travelled_bytes) > max_bytes:
            body.clear()
            await drop(pieces, _PATIENCE * max_bytes)
            raise BodyTooLarge(f"the body has more than {max_bytes} bytes after decompression: send smaller batches")
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

"""OTLP over HTTP: limits, content types, validation, the answer."""

import zlib
from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from groundspan_collector import metrics
from groundspan_collector.commit import Committer
from groundspan_collector.decode import validate
from groundspan_collector.errors import BodyTooLarge, RejectedData, UnsupportedContent

PROTOBUF = "application/x-protobuf"


def router(committer: Callable[[], Committer], authorize: Callable[[Request], str], max_body_bytes: int) -> APIRouter:
    """The routes that emitters send to."""
    routes = APIRouter()

    @routes.post("/v1/traces")
    async def traces(request: Request) -> Response:
        """Store an ExportTraceServiceRequest; 200 when its spans are safe."""
        project = authorize(request)
        check_content_type(request.headers.get("content-type", ""))
        body = await read_body(request, max_body_bytes)
        valid = validate.trace_request(body)
        metrics.RECEIVED.inc(valid.spans + valid.rejected)
        if valid.rejected:
            metrics.REJECTED.labels("malformed").inc(valid.rejected)
        if valid.spans:
            await committer().commit(valid.body, project)
            metrics.STORED.inc(valid.spans)
        return Response(response_to(valid).SerializeToString(), media_type=PROTOBUF)

    return routes


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
    inflate = _Inflate() if encoding == "gzip" else None
    async for piece in request.stream():
        body += inflate.more(piece, max_bytes - len(body) + 1) if inflate else piece
        if len(body) > max_bytes:
            raise BodyTooLarge(f"the body has more than {max_bytes} bytes after decompression: send smaller batches")
    if inflate and not inflate.ended:
        raise RejectedData("the body ends in the middle of its gzip stream")
    return bytes(body)


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

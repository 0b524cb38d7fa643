"""OTLP over gRPC: the same signals, limits and answers as over HTTP, in gRPC's words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, NoReturn, TypeAlias

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from groundspan_collector import bodies, metrics, signals
from groundspan_collector.errors import RETRY_AFTER_S, CollectorError, StoreUnavailable
from groundspan_collector.signals import Signal

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
Handler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"
Authorize: TypeAlias = Callable[[Mapping[str, str]], str]
"""Metadata -> the project that the call is confined to; raises Unauthorized or Forbidden."""

_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


@asynccontextmanager
async def listening(
    kinds: Sequence[Signal], authorize: Authorize, address: str, *, max_body_bytes: int, grace_s: float
) -> AsyncIterator[int]:
    """Take calls on *address* (HOST:PORT, port 0 is a free one) until the end of the block; gives the port.

    Calls under way then have *grace_s* to be answered.
    """
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", max_body_bytes),
            # Or two collectors would share a port, and each get some of the spans.
            ("grpc.so_reuseport", 0),
            # gRPC decompresses without a limit: a small message may be a bomb.
            ("grpc.per_message_decompression", 0),
        ]
    )
    for signal in kinds:
        export: Handler = grpc.unary_unary_rpc_method_handler(_export(signal, authorize, max_body_bytes))
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(signal.service, {"Export": export}),))
    port = server.add_insecure_port(address)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(grace_s)


def _export(signal: Signal, authorize: Authorize, max_body_bytes: int) -> Callable[[bytes, Context], Awaitable[bytes]]:
    async def export(message: bytes, context: Context) -> bytes:
        try:
            project = authorize({key: str(value) for key, value in context.invocation_metadata() or ()})
            with signal.committer.expecting():
                body = await _unpacked(message, max_body_bytes)
            answer = await signals.keep(signal, body, project)
        except CollectorError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - gRPC would say UNKNOWN, and clients drop what is answered so
            metrics.SWALLOWED.labels("grpc").inc()
            failure = StoreUnavailable(f"unforeseen: {type(error).__name__}")
        else:
            return answer.SerializeToString()
        return await _refuse(context, failure)

    return export


async def _unpacked(message: bytes, max_bytes: int) -> bytes:
    """*message* without the compression that it is found to have: its first bytes begin no OTLP request."""
    if not bodies.is_packed(message):
        return message
    return await asyncio.to_thread(bodies.unpacked, message, max_bytes)


async def _refuse(context: Context, error: CollectorError) -> NoReturn:
    metrics.REFUSED.labels(type(error).__name__).inc()
    trailing: list[tuple[str, bytes]] = []
    if isinstance(error, StoreUnavailable):
        retry = RetryInfo(retry_delay=Duration(seconds=RETRY_AFTER_S))
        detail = Any()
        detail.Pack(retry)
        status = Status(code=error.grpc_code, message=str(error), details=[detail])
        # As the specification says, and where Python's exporter looks.
        trailing = [
            ("grpc-status-details-bin", status.SerializeToString()),
            ("google.rpc.retryinfo-bin", retry.SerializeToString()),
        ]
    await context.abort(_CODES[error.grpc_code], str(error), tuple(trailing))

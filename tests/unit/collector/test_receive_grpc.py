"""What a gRPC client is told when its data is sound and cannot be stored now."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import grpc
import otlp
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from groundspan_collector import metrics, signals
from groundspan_collector.commit import Committer, Parcel, Put
from groundspan_collector.errors import StoreUnavailable
from groundspan_collector.receive_grpc import listening

Call: TypeAlias = "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]"

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@dataclass(frozen=True, slots=True)
class Told:
    """How a call ended."""

    code: grpc.StatusCode
    details: str
    trailing: Mapping[str, bytes]


def _anyone(_: Mapping[str, str]) -> str:
    return ""


def _nobody_foresaw(_: Mapping[str, str]) -> str:
    raise RuntimeError("oh")


def _store_is_away(parcels: Sequence[Parcel]) -> None:
    raise StoreUnavailable(f"no space for {len(parcels)}")


async def _send(
    put: Put | None = None,
    authorize: Callable[[Mapping[str, str]], str] = _anyone,
    most_bytes: int = 1000,
) -> list[Told]:
    """How two calls at a time end, of a collector that may hold *most_bytes* of requests.

    Unless *put* is given, it stores the first when the second has ended.
    """
    ended_one = threading.Event()

    def store(parcels: Sequence[Parcel]) -> None:
        assert len(parcels) == 1
        assert ended_one.wait(30)

    committer = Committer(put or store, metrics.Ledger("spans"), max_in_flight_bytes=most_bytes, max_group_bytes=1000)
    kinds = [signals.traces(committer)]
    writing = asyncio.create_task(committer.run())
    async with (
        listening(kinds, authorize, "127.0.0.1:0", max_body_bytes=1000, grace_s=1) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        call: Call = channel.unary_unary(TRACES)
        calls = {asyncio.create_task(_ended(call(otlp.body(otlp.span())))) for _ in range(2)}
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        ended_one.set()
        told = [await each for each in calls]
    committer.close()
    await writing
    return told


async def _ended(call: "grpc.aio.UnaryUnaryCall[bytes, bytes]") -> Told:
    code, details, trailing = await asyncio.gather(call.code(), call.details(), call.trailing_metadata())
    binary = {key: value for key, value in trailing or () if isinstance(value, bytes)}
    return Told(code, details or "", binary)


def _assert_to_be_sent_again(told: Told) -> None:
    status = Status.FromString(told.trailing["grpc-status-details-bin"])
    retry = RetryInfo()
    status.details[0].Unpack(retry)
    assert (told.code, status.code, status.message) == (grpc.StatusCode.UNAVAILABLE, 14, told.details)
    assert retry.retry_delay.seconds == 1
    assert RetryInfo.FromString(told.trailing["google.rpc.retryinfo-bin"]) == retry


def test_call_is_to_be_sent_again_when_the_store_cannot_write() -> None:
    """UNAVAILABLE, with a second to wait in both forms that clients read."""
    for told in asyncio.run(_send(_store_is_away)):
        _assert_to_be_sent_again(told)
        assert "no space" in told.details


def test_call_is_to_be_sent_again_when_too_much_is_in_flight() -> None:
    """One of two is stored, the other is to be sent again."""
    first, second = sorted(asyncio.run(_send(most_bytes=1)), key=lambda told: told.code.value[0])

    assert first.code is grpc.StatusCode.OK
    _assert_to_be_sent_again(second)
    assert "in flight" in second.details


def test_call_is_to_be_sent_again_when_something_unforeseen_happens() -> None:
    """A fault of ours says nothing about the data, and clients drop what is answered UNKNOWN."""
    for told in asyncio.run(_send(authorize=_nobody_foresaw)):
        _assert_to_be_sent_again(told)
        assert told.details == "unforeseen: RuntimeError"


def test_port_is_not_shared() -> None:
    """A second server fails, or each would get some of the spans."""

    async def two() -> None:
        async with (
            listening([], _anyone, "127.0.0.1:0", max_body_bytes=1, grace_s=1) as port,
            listening([], _anyone, f"127.0.0.1:{port}", max_body_bytes=1, grace_s=1),
        ):
            pass

    with pytest.raises(RuntimeError, match="Failed to bind"):
        asyncio.run(two())

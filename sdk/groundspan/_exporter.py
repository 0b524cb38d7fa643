"""OTel's exporter for HTTP with an encoder of our own: what is sent, how and how often stays OTel's."""

from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan

from groundspan._wire import encoded

# The public function that OTel's exporter calls, in whichever of its methods a version does.
_ENCODER: Final = "encode_spans"


class _Encoded:
    """The body of a request, where OTel's exporter expects a message of protobuf's."""

    __slots__ = ("_body",)

    def __init__(self, spans: Sequence[ReadableSpan]) -> None:
        self._body = encoded(spans)

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        return self._body

    def SerializePartialToString(self) -> bytes:  # noqa: N802 - protobuf's name
        return self._body


def exporter_class() -> type[OTLPSpanExporter]:
    """Give OTel's exporter with those of its methods that encode bound to our encoder.

    The host's own exporters are left as they are. A version that encodes in another way keeps its own encoder.
    """
    return type(OTLPSpanExporter.__name__, (OTLPSpanExporter,), _rebound(vars(OTLPSpanExporter)))


def _rebound(methods: Mapping[str, object]) -> dict[str, object]:
    return {
        name: _with_our_encoder(method)
        for name, method in methods.items()
        if isinstance(method, FunctionType) and _ENCODER in method.__code__.co_names
    }


def _with_our_encoder(method: FunctionType) -> FunctionType:
    names = {**method.__globals__, _ENCODER: _Encoded}
    bound = FunctionType(method.__code__, names, method.__name__, method.__defaults__, method.__closure__)
    bound.__kwdefaults__ = method.__kwdefaults__
    return bound

"""Other libraries' decorators around the same five functions, each as its own documentation shows it.

All of them record arguments and return values, and send to the same sink as Groundspan does. A peer that is not
installed is passed over; ``pip install -r bench/requirements-peers.txt`` gets them.
"""

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeAlias

import groundspan as gs
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from sdk_request import SYNC, Request, decorated, pipeline

Decorate: TypeAlias = Callable[[str, Callable[..., Any]], Callable[..., Any]]
"""Puts a library's decorator around the stage of a name."""


def groundspan(endpoint: str) -> Decorate:
    """Groundspan itself, alone in its process: beside a peer it would join the peer's provider."""
    gs.init("bench", endpoint=endpoint)
    stages = decorated(SYNC)
    return lambda name, stage: stages[name] if name in stages else gs.pipeline(name="answer")(stage)


def langfuse(endpoint: str) -> Decorate:
    """``@observe(as_type=…)``, with a client that sends to *endpoint*."""
    library: Any = import_module("langfuse")
    library.Langfuse(public_key="pk-lf-bench", secret_key="sk-lf-bench", base_url=endpoint)
    kinds = {"pipeline": "chain", "embed": "embedding", "retrieve": "retriever", "generate": "generation"}
    return lambda name, stage: library.observe(name=name, as_type=kinds.get(name, "span"))(stage)


def openinference(endpoint: str) -> Decorate:
    """``@tracer.chain``, ``.retriever``, ``.reranker``, ``.llm`` of a provider of its own."""
    library: Any = import_module("openinference.instrumentation")
    provider = library.TracerProvider()
    provider.add_span_processor(_batches(endpoint))
    tracer = provider.get_tracer("bench")
    kinds = {"retrieve": "retriever", "rerank": "reranker", "generate": "llm"}
    return lambda name, stage: getattr(tracer, kinds.get(name, "chain"))(name=name)(stage)


def logfire(endpoint: str) -> Decorate:
    """``@logfire.instrument`` with arguments and results, without its own service and console."""
    library: Any = import_module("logfire")
    library.configure(
        send_to_logfire=False,
        console=False,
        service_name="bench",
        additional_span_processors=[_batches(endpoint)],
    )
    return lambda name, stage: library.instrument(name, extract_args=True, record_return=True)(stage)


def mlflow(endpoint: str) -> Decorate:
    """``@mlflow.trace(span_type=…)``, which sends OTLP where OTel's variable says so."""
    os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = f"{endpoint}/v1/traces"
    os.environ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf"
    os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "true"
    library: Any = import_module("mlflow")
    kinds = {"pipeline": "CHAIN", "embed": "EMBEDDING", "retrieve": "RETRIEVER", "rerank": "RERANKER"}
    return lambda name, stage: library.trace(name=name, span_type=kinds.get(name, "LLM"))(stage)


def traceloop(endpoint: str) -> Decorate:
    """``@workflow`` and ``@task``, without the instrumentations of clients that it brings."""
    os.environ.update(TRACELOOP_TELEMETRY="false", TRACELOOP_METRICS_ENABLED="false", TRACELOOP_TRACE_CONTENT="true")
    library: Any = import_module("traceloop.sdk")
    decorators: Any = import_module("traceloop.sdk.decorators")
    library.Traceloop.init(
        app_name="bench",
        api_endpoint=endpoint,
        api_key="bench",
        telemetry_enabled=False,
        block_instruments=set(import_module("traceloop.sdk.instruments").Instruments),
    )
    return lambda name, stage: (decorators.workflow if name == "pipeline" else decorators.task)(name=name)(stage)


PEERS: Mapping[str, tuple[str, Callable[[str], Decorate]]] = {
    "groundspan": ("groundspan", groundspan),
    "langfuse": ("langfuse", langfuse),
    "traceloop": ("traceloop-sdk", traceloop),
    "openinference": ("openinference-instrumentation", openinference),
    "mlflow": ("mlflow-tracing", mlflow),
    "logfire": ("logfire", logfire),
}
"""Name -> distribution, and what sets it up."""


def installed(peer: str) -> str | None:
    """Give the version of a peer; None where it is not installed."""
    if peer == "groundspan":
        return "of this repository"
    for name in (PEERS[peer][0], peer):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


def request_of(peer: str, endpoint: str) -> Request:
    """Build the request with a peer's decorators."""
    decorate = PEERS[peer][1](endpoint)
    stages = {name: decorate(name, stage) for name, stage in SYNC.items()}
    built: Request = decorate("pipeline", pipeline(stages))
    return built


def _batches(endpoint: str) -> BatchSpanProcessor:
    return BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces"), schedule_delay_millis=1000)

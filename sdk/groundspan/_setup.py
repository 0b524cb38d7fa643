"""init(), flush() and shutdown(): the life of the SDK in a process."""

import atexit
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from opentelemetry import trace

from groundspan import _feedback, _runtime
from groundspan import attributes as keys
from groundspan._capture import Capture
from groundspan._redact import Redactor
from groundspan._sampling import Sample
from groundspan._tokenizers import Tokenizers
from groundspan.settings import Settings, names_sampler, otlp_logs_certificate, otlp_logs_headers

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

    from groundspan._events import EventBox
    from groundspan._export import Outbox

SCOPE = "groundspan"
_logger = logging.getLogger("groundspan")
_lock = threading.Lock()
_outbox: "Outbox | None" = None
_event_box: "EventBox | None" = None


def init(
    service_name: str | None = None,
    *,
    endpoint: str | None = None,
    project: str | None = None,
    version: str | None = None,
    environment: str | None = None,
    token: str | None = None,
    disabled: bool | None = None,
    export_timeout_s: float | None = None,
    export_interval_s: float | None = None,
    shutdown_timeout_s: float | None = None,
    max_queue_spans: int | None = None,
    max_queue_bytes: int | None = None,
    max_content_chars: int | None = None,
    max_attributes: int | None = None,
    capture: Capture | None = None,
    redact: str | Redactor | Iterable[str | Redactor] | None = None,
    content_on_span: bool | None = None,
    sample: Sample | None = None,
    tokenizers: Tokenizers | None = None,
) -> None:
    """Start sending spans to the collector; an argument that is None comes from the environment.

    >>> gs.init(service_name="docs-bot", project="support", version="1.4.0", environment="production")

    A TracerProvider that is already set is joined, not replaced. Called again, it starts anew.
    Raises ConfigError where a setting cannot be used.
    """
    settings = Settings.from_env(
        None,
        service_name=service_name,
        endpoint=endpoint,
        project=project,
        version=version,
        environment=environment,
        token=token,
        disabled=disabled,
        export_timeout_s=export_timeout_s,
        export_interval_s=export_interval_s,
        shutdown_timeout_s=shutdown_timeout_s,
        max_queue_spans=max_queue_spans,
        max_queue_bytes=max_queue_bytes,
        max_content_chars=max_content_chars,
        max_attributes=max_attributes,
        capture=capture,
        redact=redact,
        content_on_span=content_on_span,
        sample=sample,
        tokenizers=tokenizers,
    )
    with _lock:
        _stop(settings.shutdown_timeout_s)
        if not settings.disabled:
            _start(settings)


def flush(timeout_s: float = 10.0) -> bool:
    """Send what is waiting; True where all of it arrived within *timeout_s*."""
    outbox = _outbox
    return outbox is None or outbox.force_flush(int(timeout_s * 1000))


def shutdown(timeout_s: float | None = None) -> bool:
    """Send what is waiting and stop; True where all of it arrived in time.

    Runs by itself when the process exits, and then takes at most ``shutdown_timeout_s`` (3 s unless set).
    """
    with _lock:
        return _stop(timeout_s)


def _start(settings: Settings) -> None:
    # The OTel SDK and its HTTP client take a tenth of a second to import: not before they are needed.
    from groundspan._export import Outbox
    from groundspan._provider import OwnProvider

    global _outbox, _event_box  # noqa: PLW0603 - one sender for a process
    identity = _identity(settings)
    provider = _joinable()
    always = {} if provider is None else identity
    if provider is None:
        provider = _new_provider(settings, identity)
    # Before the outbox: in a forked process it is to be empty when the outbox's new thread comes by.
    _event_box = _new_event_box(settings, {**provider.resource.attributes, **identity})
    _outbox = Outbox(partial(_exporter, settings), settings, always)
    _outbox.beside = _event_box.send
    provider.add_span_processor(_outbox)
    _shut_down_at_exit(_outbox)
    tracer = provider.get_tracer(SCOPE)
    _runtime.install(
        _runtime.Runtime(
            tracer,
            settings.max_content_chars,
            settings.capture,
            _outbox.contents,
            settings.sample,
            _outbox.redacted if settings.content_on_span else None,
            provider.is_alone if isinstance(provider, OwnProvider) else _runtime.never,
        )
    )
    _feedback.install(_event_box)


def _stop(timeout_s: float | None) -> bool:
    global _outbox, _event_box
    _runtime.install(None)
    _feedback.install(None)
    outbox, _outbox = _outbox, None
    event_box, _event_box = _event_box, None
    if outbox is None:
        return True
    atexit.unregister(outbox.shutdown)
    sent = outbox.close(outbox.settings.shutdown_timeout_s if timeout_s is None else timeout_s)
    return (event_box is None or event_box.close()) and sent


def _shut_down_at_exit(outbox: "Outbox") -> None:
    from multiprocessing import parent_process, util

    atexit.register(outbox.shutdown)
    # A worker of multiprocessing ends without atexit, and forgets at its start what its parent wanted at the end.
    util.register_after_fork(outbox, _shut_down_with_worker)
    if parent_process() is not None:
        _shut_down_with_worker(outbox)


def _shut_down_with_worker(outbox: "Outbox") -> None:
    from multiprocessing.util import Finalize

    Finalize(None, outbox.shutdown, exitpriority=-1)


def _unlock() -> None:
    """Forget a lock that a thread held when its process forked: that thread is not in the child."""
    global _lock  # noqa: PLW0603 - renewed only where nobody else runs
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


def _identity(settings: Settings) -> Mapping[str, str]:
    """Say who sends: attributes of a resource, or of each span where the resource is another's."""
    named = {
        keys.SERVICE_NAME: settings.service_name,
        keys.PROJECT: settings.project,
        keys.SERVICE_VERSION: settings.version,
        keys.ENVIRONMENT: settings.environment,
    }
    return {key: value for key, value in named.items() if value is not None}


def _joinable() -> "TracerProvider | None":
    """Find the host's own provider; one of another make than OTel's SDK takes no processors."""
    from opentelemetry.sdk.trace import TracerProvider

    provider = trace.get_tracer_provider()
    return provider if isinstance(provider, TracerProvider) else None


def _new_provider(settings: Settings, identity: Mapping[str, str]) -> "TracerProvider":
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanLimits

    from groundspan._provider import AsParent, OwnProvider

    limits = SpanLimits(
        max_span_attributes=settings.max_attributes,
        # Our texts are cut where JSON stays JSON; a cut by length would break it.
        max_span_attribute_length=SpanLimits.UNSET,
    )
    sampler = None if names_sampler() else AsParent()
    provider = OwnProvider(resource=Resource.create(dict(identity)), span_limits=limits, sampler=sampler)
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(provider)
    else:
        _logger.warning("The TracerProvider that is set cannot be joined; Groundspan's spans have their own")
    return provider


def _exporter(settings: Settings) -> "SpanExporter":
    from opentelemetry.exporter.otlp.proto.http import Compression

    from groundspan._exporter import exporter_class
    from groundspan._quiet import quieten

    quieten()
    headers = {"Authorization": f"Bearer {settings.token}"} if settings.token else None
    return exporter_class()(
        endpoint=settings.traces_url,
        headers=headers,
        timeout=settings.export_timeout_s,
        compression=Compression.Gzip,
    )


def _new_event_box(settings: Settings, resource: Mapping[str, object]) -> "EventBox":
    from groundspan._events import EventBox
    from groundspan._post import poster
    from groundspan._text import clean
    from groundspan._withhold import Withholder

    token = {"authorization": f"Bearer {settings.token}"} if settings.token else {}
    post = poster(settings.logs_url, otlp_logs_headers() | token, otlp_logs_certificate())
    redact = Withholder(settings.redact).text if settings.redact else clean
    return EventBox(post, {key: value for key, value in resource.items() if isinstance(value, str)}, redact)

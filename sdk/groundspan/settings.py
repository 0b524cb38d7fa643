"""What init() can be told, and where each setting comes from: the only file that reads the environment."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from groundspan._capture import Capture, is_capture
from groundspan._redact import BUILT_IN, Redactor
from groundspan._sampling import Sample
from groundspan._text import clean
from groundspan._tokenizers import Tokenizers
from groundspan.errors import ConfigError

# Explicit arguments win over the first name, which wins over the names after it.
VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "endpoint": ("GROUNDSPAN_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    "service_name": ("GROUNDSPAN_SERVICE_NAME", "OTEL_SERVICE_NAME"),
    "project": ("GROUNDSPAN_PROJECT",),
    "version": ("GROUNDSPAN_VERSION",),
    "environment": ("GROUNDSPAN_ENVIRONMENT",),
    "token": ("GROUNDSPAN_TOKEN",),
    "disabled": ("GROUNDSPAN_DISABLED", "OTEL_SDK_DISABLED"),
    "export_timeout_s": (
        "GROUNDSPAN_EXPORT_TIMEOUT_S",
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "OTEL_EXPORTER_OTLP_TIMEOUT",
    ),
    "export_interval_s": ("GROUNDSPAN_EXPORT_INTERVAL_S",),
    "shutdown_timeout_s": ("GROUNDSPAN_SHUTDOWN_TIMEOUT_S",),
    "max_queue_spans": ("GROUNDSPAN_MAX_QUEUE_SPANS", "OTEL_BSP_MAX_QUEUE_SIZE"),
    "max_queue_bytes": ("GROUNDSPAN_MAX_QUEUE_BYTES",),
    "max_content_chars": ("GROUNDSPAN_MAX_CONTENT_CHARS", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
    "max_attributes": ("GROUNDSPAN_MAX_ATTRIBUTES", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"),
    "capture": ("GROUNDSPAN_CAPTURE", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"),
    "redact": ("GROUNDSPAN_REDACT",),
    "content_on_span": ("GROUNDSPAN_CONTENT_ON_SPAN",),
    "sample": ("GROUNDSPAN_SAMPLE",),
    "tokenizers": ("GROUNDSPAN_TOKENIZERS",),
}
# OTel's variables for the same things that stand in OTEL_RESOURCE_ATTRIBUTES.
_RESOURCE_KEYS: Final = {
    "service_name": "service.name",
    "project": "groundspan.project",
    "version": "service.version",
    "environment": "deployment.environment.name",
}
_ACCEPTED: Final[Mapping[type, tuple[type, ...]]] = {bool: (bool,), int: (int,), float: (int, float)}
_TIKTOKEN_VARIABLES: Final = ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR")
_OTEL_CAPTURE: Final = {
    "true": "full",
    "span_only": "full",
    "span_and_event": "full",
    "false": "no_content",
    "event_only": "no_content",
}
_TRACES_PATH, _LOGS_PATH = "/v1/traces", "/v1/logs"
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off", ""})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that init() can be told."""

    endpoint: str = "http://127.0.0.1:4318"
    """Base URL of the collector; ``/v1/traces`` is appended unless it ends so already."""
    service_name: str | None = None
    """Name of the application; OTel calls one without a name ``unknown_service``."""
    project: str | None = None
    """Whose reports the spans belong to."""
    version: str | None = None
    """Version of the application, which reports compare."""
    environment: str | None = None
    """Where it runs: production, staging."""
    token: str | None = field(default=None, repr=False)
    """Sent as ``Authorization: Bearer``."""
    disabled: bool = False
    """Decorated functions run as if they were not decorated."""
    export_timeout_s: float = 30.0
    """Longest time for one batch with all its retries: long enough for the collector's own Retry-After."""
    export_interval_s: float = 1.0
    """Longest time that a span waits for its batch to fill."""
    shutdown_timeout_s: float = 3.0
    """Longest time that the end of the process waits for the collector; 0 means do not wait."""
    max_queue_spans: int = 32_768
    """Spans that wait for the collector; what comes when the queue is full is dropped and counted."""
    max_queue_bytes: int = 24 * 2**20
    """Memory that they and their texts take; a span counts 2,000 bytes of its own."""
    max_content_chars: int = 262_144
    """Longest text of one attribute; what is cut is counted on the span."""
    max_attributes: int = 1024
    """Attributes of one span; OTel's own limit of 128 drops the oldest first."""
    capture: Capture = "full"
    """Which texts are on spans: ``full``, ``no_content``, or a function of an attribute's key and text."""
    redact: tuple[Redactor, ...] = ()
    """What every text passes before it is sent: names of built-in redactors, ``all``, functions of a text."""
    content_on_span: bool = False
    """Put texts on the spans themselves, redacted, for other exporters too: at the cost of writing them in the call."""
    sample: Sample = 1.0
    """How many traces are kept, 0 to 1, or a function of the call that begins one; whole traces only."""
    tokenizers: Tokenizers = "local"
    """Who counts where a provider does not: ``local`` what is at hand, ``download`` tiktoken too, ``off`` nobody."""

    def __post_init__(self) -> None:
        url = urlsplit(self.endpoint)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise ConfigError(f"endpoint must be a URL like http://127.0.0.1:4318, got {self.endpoint!r}")
        if self.token is not None and not (self.token.isascii() and self.token.isprintable()):
            raise ConfigError("token must be printable ASCII: it is sent in a header")
        if self.tokenizers not in ("local", "download", "off"):
            raise ConfigError(f"tokenizers must be local, download or off, got {self.tokenizers!r}")
        for name in (
            "export_timeout_s",
            "export_interval_s",
            "max_queue_spans",
            "max_queue_bytes",
            "max_content_chars",
            "max_attributes",
        ):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be more than 0, got {getattr(self, name)!r}")
        if not callable(self.sample) and not 0 <= self.sample <= 1:
            raise ConfigError(f"sample must be between 0 and 1, or a function; got {self.sample!r}")
        if not self.shutdown_timeout_s >= 0:
            raise ConfigError(f"shutdown_timeout_s must be 0 or more, got {self.shutdown_timeout_s!r}")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **explicit: object) -> Self:
        """Read the settings: *explicit* ones win unless None, then ``GROUNDSPAN_*``, then ``OTEL_*``."""
        environ = os.environ if environ is None else environ
        resource = _resource(environ.get("OTEL_RESOURCE_ATTRIBUTES", ""))
        values: dict[str, object] = {}
        for each in fields(cls):
            if each.name == "capture":
                values[each.name] = _capture(explicit.get(each.name), environ)
            elif each.name == "sample" and callable(explicit.get(each.name)):
                values[each.name] = explicit[each.name]
            elif explicit.get(each.name) is not None:
                values[each.name] = _explicit(each.name, explicit[each.name], type(each.default))
            elif found := next((name for name in VARIABLES[each.name] if environ.get(name)), None):
                values[each.name] = _parsed(found, environ[found], type(each.default))
            elif resource.get(_RESOURCE_KEYS.get(each.name, "")):
                values[each.name] = resource[_RESOURCE_KEYS[each.name]]
        return cls(**values)  # type: ignore[arg-type] # each was made the type of its field's default

    @property
    def traces_url(self) -> str:
        """Where spans are posted to."""
        base = self.endpoint.rstrip("/")
        return base if base.endswith(_TRACES_PATH) else base + _TRACES_PATH

    @property
    def logs_url(self) -> str:
        """Where what people said of an answer is posted to."""
        return self.traces_url.removesuffix(_TRACES_PATH) + _LOGS_PATH


def tiktoken_cache_dir(environ: Mapping[str, str] | None = None) -> Path | None:
    """Find where tiktoken keeps what it downloaded, as tiktoken does; None where it is told to keep nothing."""
    environ = os.environ if environ is None else environ
    named = next((environ[name] for name in _TIKTOKEN_VARIABLES if name in environ), None)
    if named is None:
        import tempfile

        return Path(tempfile.gettempdir()) / "data-gym-cache"
    return Path(named) if named else None


def names_sampler(environ: Mapping[str, str] | None = None) -> bool:
    """Tell whether OTel's variable says which spans are sampled."""
    environ = os.environ if environ is None else environ
    return bool(environ.get("OTEL_TRACES_SAMPLER"))


def otlp_logs_headers(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read the headers that OTel's variables want on every request with log records."""
    environ = os.environ if environ is None else environ
    listing = environ.get("OTEL_EXPORTER_OTLP_LOGS_HEADERS") or environ.get("OTEL_EXPORTER_OTLP_HEADERS") or ""
    return {key.lower(): value for key, value in _resource(listing).items() if key}


def otlp_logs_certificate(environ: Mapping[str, str] | None = None) -> str | None:
    """Name the file of authorities that OTel's variables trust."""
    environ = os.environ if environ is None else environ
    names = ("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE", "REQUESTS_CA_BUNDLE")
    return next((environ[name] for name in names if environ.get(name)), None)


def _resource(listing: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in listing.split(","))
    return {key.strip(): clean(unquote(value.strip())) for key, _, value in pairs}


def _explicit(name: str, value: object, kind: type[object]) -> object:
    if kind is tuple:
        return _redactors(name, [value] if isinstance(value, str) or not isinstance(value, Iterable) else value)
    accepted: tuple[type, ...] = _ACCEPTED.get(kind, (str,))
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise ConfigError(f"{name} must be {accepted[-1].__name__}, got {value!r}")
    return clean(value) if isinstance(value, str) else value


def _parsed(name: str, text: str, kind: type[object]) -> object:
    """Read an environment variable as the type of its setting."""
    if kind is bool:
        return _switch(name, text)
    if kind is int or kind is float:
        try:
            return int(text) if kind is int else float(text)
        except ValueError:
            raise ConfigError(f"{name} must be a number, got {text!r}") from None
    if kind is tuple:
        return _redactors(name, [word for each in text.split(",") if (word := each.strip())])
    return clean(text)


def _capture(explicit: object, environ: Mapping[str, str]) -> object:
    """Read what is captured; OTel's variable tells of spans and events, and only spans carry our content."""
    name = next((each for each in VARIABLES["capture"] if environ.get(each)), None)
    found = explicit if explicit is not None else environ[name].strip().lower() if name else "full"
    if is_capture(found):
        return found
    if explicit is None and found in _OTEL_CAPTURE:
        return _OTEL_CAPTURE[str(found)]
    shown = "capture" if explicit is not None else name
    raise ConfigError(f"{shown} must be full, no_content or, as an argument, a function; got {found!r}")


def _redactors(name: str, given: Iterable[object]) -> tuple[Redactor, ...]:
    """Find the built-in redactors, which run first, and keep the host's own in their order."""
    hooks = list(given)
    unknown = [hook for hook in hooks if not callable(hook) and hook not in {*BUILT_IN, "all"}]
    if unknown:
        accepted = ", ".join(["all", *BUILT_IN])
        raise ConfigError(f"{name} takes functions of a text and the names {accepted}; got {unknown[0]!r}")
    named = [redactor for word, redactor in BUILT_IN.items() if word in hooks or "all" in hooks]
    return (*named, *(hook for hook in hooks if callable(hook)))


def _switch(name: str, text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ConfigError(f"{name} must be true or false, got {text!r}")
    return word in _TRUE

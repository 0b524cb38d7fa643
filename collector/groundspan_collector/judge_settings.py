"""What judges that are not in the package are told by the environment. Pure: what is read is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from groundspan_collector.errors import ConfigError

LLM_URL: Final = "GROUNDSPAN_LLM_URL"
OPENAI_HOST: Final = "api.openai.com"


@dataclass(frozen=True, slots=True)
class LlmSettings:
    """An endpoint that speaks OpenAI's chat completions, and how long it is asked."""

    url: str = ""
    """Up to /v1; empty: there is none."""
    key: str = field(default="", repr=False)
    provider: str = ""
    """Whose prices are paid."""
    timeout_s: float = 60.0
    """Of one request."""
    budget_s: float = 120.0
    """Of all tries for one answer, pauses included."""
    tries: int = 3
    context_chars: int = 60_000
    """Of the chunks, in one request; what is longer is cut down to what tells most about the claims."""


@dataclass(frozen=True, slots=True)
class CrossEncoderSettings:
    """How a cross-encoder's output becomes verdicts."""

    labels: tuple[str, ...] = ()
    """The meaning of a head's outputs, in order; empty: what the model's own labels say."""
    threshold: float = 0.5
    """A claim is supported from this P(supported) on."""
    window_chars: int = 1200
    """Of the text that a claim is read with."""


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """Everything."""

    llm: LlmSettings = LlmSettings()
    cross_encoder: CrossEncoderSettings = CrossEncoderSettings()

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> "JudgeSettings":
        """From the environment. Raises ConfigError for what cannot be used."""
        return cls(_llm(environ), _cross_encoder(environ))


def _llm(environ: Mapping[str, str]) -> LlmSettings:
    url = environ.get(LLM_URL, "").rstrip("/")
    usual = LlmSettings()
    if not url:
        return usual
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigError(f"{LLM_URL} is no address: {error}") from error
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment or parts.username:
        # Not the address itself: a key may be in it.
        raise ConfigError(f"{LLM_URL} must be like https://{OPENAI_HOST}/v1, and the key in GROUNDSPAN_LLM_KEY")
    key = environ.get("GROUNDSPAN_LLM_KEY", "").strip()
    if not key.isascii() or not key.isprintable():
        raise ConfigError("GROUNDSPAN_LLM_KEY must be printable ASCII, on one line")
    return LlmSettings(
        url=url,
        key=key,
        provider=environ.get("GROUNDSPAN_LLM_PROVIDER", "") or ("openai" if host == OPENAI_HOST else host),
        timeout_s=_number(environ, "GROUNDSPAN_LLM_TIMEOUT_S", 0.1, 3600, usual.timeout_s),
        budget_s=_number(environ, "GROUNDSPAN_LLM_BUDGET_S", 0.1, 3600, usual.budget_s),
        tries=int(_number(environ, "GROUNDSPAN_LLM_TRIES", 1, 10, usual.tries, whole=True)),
        context_chars=int(
            _number(environ, "GROUNDSPAN_LLM_CONTEXT_CHARS", 1000, 4_000_000, usual.context_chars, whole=True)
        ),
    )


def _cross_encoder(environ: Mapping[str, str]) -> CrossEncoderSettings:
    usual = CrossEncoderSettings()
    labels = environ.get("GROUNDSPAN_CROSS_ENCODER_LABELS", "")
    return CrossEncoderSettings(
        labels=tuple(label.strip() for label in labels.split(",")) if labels else (),
        threshold=_number(environ, "GROUNDSPAN_CROSS_ENCODER_THRESHOLD", 0, 1, usual.threshold),
        window_chars=int(
            _number(environ, "GROUNDSPAN_CROSS_ENCODER_WINDOW_CHARS", 100, 100_000, usual.window_chars, whole=True)
        ),
    )


def _number(
    environ: Mapping[str, str], name: str, least: float, most: float, default: float, *, whole: bool = False
) -> float:
    text = environ.get(name, "")
    if not text:
        return default
    kind = "whole number" if whole else "number"
    try:
        value = float(int(text) if whole else float(text))
    except (ValueError, OverflowError):
        value = least - 1
    if not least <= value <= most:
        raise ConfigError(f"{name} must be a {kind}, {least:g} to {most:g}, got {text!r:.60}")
    return value

"""capture=: which texts are on spans at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import groundspan as gs
import pytest
from groundspan import _runtime
from groundspan import attributes as keys
from groundspan._capture import Capture
from groundspan.settings import Settings
from groundspan.testing import CapturedSpans, capture_spans
from sdk_support import attributes

OTEL = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


@contextmanager
def capturing(capture: Capture) -> Iterator[CapturedSpans]:
    """Capture spans as init(capture=...) would have them."""
    with capture_spans() as spans:
        runtime = _runtime.current()
        assert runtime
        _runtime.install(replace(runtime, capture=capture))
        yield spans


def every_stage() -> None:
    """Put a secret wherever a stage reads content, and fail once."""
    with gs.pipeline.span(question="secret") as pipeline:
        with gs.retrieve.span(query="secret") as span:
            span.chunks([{"id": "d1", "text": "secret"}])
        with gs.generate.span(prompt="secret", model="m", context=["secret"]) as span:
            span.answer("secret")
            span.usage(input_tokens=3)
        with gs.tool.span("t", arguments={"a": "secret"}) as span:
            span.result("secret")
        pipeline.answer("secret")
    with pytest.raises(ValueError, match="secret"), gs.tool.span("failing"):
        raise ValueError("secret")


def test_no_content_leaves_counts_and_names() -> None:
    """No text of any stage or exception; model, tokens and the kind of error stay."""
    with capturing("no_content") as spans:
        every_stage()

    assert "secret" not in "".join(span.to_json() for span in spans)
    (generate,) = spans.stage("generate")
    assert (attributes(generate)[keys.REQUEST_MODEL], attributes(generate)[keys.INPUT_TOKENS]) == ("m", 3)
    assert attributes(spans[-1])[keys.ERROR_TYPE] == "ValueError"


def test_function_chooses_each_text() -> None:
    """It sees an attribute's key and text; None leaves it out."""
    with capturing(lambda key, text: text.upper() if key == keys.QUERY else None) as spans:
        every_stage()

    assert attributes(spans.stage("retrieve")[0])[keys.QUERY] == "SECRET"
    assert "secret" not in "".join(span.to_json() for span in spans)


def _raises(_key: str, text: str) -> str:
    raise LookupError(text)


def test_text_is_left_out_when_the_function_raises() -> None:
    """The host goes on, the span arrives, the text does not."""
    with capturing(_raises) as spans:
        every_stage()

    assert len(spans) == 5
    assert "secret" not in "".join(span.to_json() for span in spans)


@pytest.mark.parametrize(
    ("environ", "capture"),
    [
        ({}, "full"),
        ({"GROUNDSPAN_CAPTURE": "no_content"}, "no_content"),
        ({OTEL: "false"}, "no_content"),
        ({OTEL: "NO_CONTENT"}, "no_content"),
        ({OTEL: "EVENT_ONLY"}, "no_content"),
        ({OTEL: "SPAN_ONLY"}, "full"),
        ({OTEL: "false", "GROUNDSPAN_CAPTURE": "full"}, "full"),
    ],
)
def test_environment_says_what_is_captured(environ: dict[str, str], capture: str) -> None:
    """OTel's variable is obeyed, and ours wins over it."""
    assert Settings.from_env(environ).capture == capture
    assert Settings.from_env(environ, capture="no_content").capture == "no_content"


def test_unknown_capture_is_refused() -> None:
    """A typing error must not send what was to be left out."""
    with pytest.raises(gs.ConfigError, match="capture must be full, no_content or, as an argument, a function; got 7"):
        Settings.from_env({}, capture=7)
    with pytest.raises(gs.ConfigError, match=f"{OTEL} must be full, no_content"):
        Settings.from_env({OTEL: "maybe"})

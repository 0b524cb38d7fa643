"""redact=: what is taken out of the texts that are sent, what is left alone, and a hook that fails."""

import json
import logging
import time
from collections.abc import Sequence

import groundspan as gs
import pytest
from groundspan import _guard
from groundspan._export import Outbox
from groundspan._redact import BUILT_IN, Redactor
from groundspan._withhold import WITHHELD, Withholder
from groundspan.settings import Settings
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from sdk_support import attributes

EVERYTHING = Withholder(tuple(BUILT_IN.values()))


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Write to ann.o'hara+x@mail.example.org.", "Write to [email]."),
        ("Call +49 (30) 901820 or 555-867-5309.", "Call [phone] or [phone]."),
        ("Paid with 4111 1111 1111 1111 123 today", "Paid with [card] 123 today"),
        ("Send it to DE89 3704 0044 0532 0130 00 and wait", "Send it to [iban] and wait"),
        ("My data: DE80D29B0598758AC2 is what you need.", "My data: [iban] is what you need."),
        ("sk-proj-abcdefghijklmnopqrst is mine", "[key] is mine"),
        ("From 203.0.113.9, and 2001:db8::17.", "From [ip], and [ip]."),
    ],
)
def test_secrets_are_taken_out_of_prose(text: str, sent: str) -> None:
    """The sentence around a secret stays."""
    assert EVERYTHING.text(text) == sent


@pytest.mark.parametrize(
    "text",
    [
        "It opened on 2026-11-21 at 12:30:45, for 1,250.00 USD, 99.5 % of 1788955200 rows.",
        "Use collections::deque, C++, a::b, @gs.retrieve and x[::2] in Python 3.11.7.",
        "4a1f6b1e-9d0c-4a55-8f0e-1c2d3e4f5a6b 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "gen_ai.usage.cache_read.input_tokens https://docs.example.org/library/collections/deque-objects-in-python",
        "Order 4111 1111 1111 1112 has a check digit that is wrong.",
    ],
)
def test_text_without_secrets_is_left_alone(text: str) -> None:
    """Dates, numbers, programs, hashes and addresses of pages are what answers are made of."""
    assert EVERYTHING.text(text) == text


def test_json_stays_json() -> None:
    """An e-mail after a line break is found, and nothing of the escape is lost."""
    given = json.dumps([{"content": "mail:\nann@example.org", "card": 4111111111111111, "score": 0.25, "none": None}])

    read = json.loads(EVERYTHING.text(given))

    assert read == [{"content": "mail:\n[email]", "card": "[card]", "score": 0.25, "none": None}]


@pytest.mark.parametrize(
    "piece", ["a", "1", "1 ", "a.", "1.", "a@", ":", "a:", "+1", "DE12 ", "4111-", "eyJ", "0", "("]
)
def test_long_text_takes_no_long_time(piece: str) -> None:
    """A text of 100,000 characters that nearly matches takes less than two seconds."""
    begun = time.monotonic()
    EVERYTHING.text(piece * (100_000 // len(piece)))

    assert time.monotonic() - begun < 2


class Kept(SpanExporter):
    """An exporter that keeps what it is given."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Keep them."""
        self.spans += spans
        return SpanExportResult.SUCCESS


def sent(redactor: Redactor, **given: str) -> tuple[ReadableSpan, ReadableSpan]:
    """Send one span; give it as it was sent, and as it is for others."""
    kept, provider = Kept(), TracerProvider(shutdown_on_exit=False)
    box = Outbox(lambda: kept, Settings(redact=(redactor,)), {})
    provider.add_span_processor(box)
    span = provider.get_tracer("test").start_span("work", attributes=given)
    span.end()
    assert box.close(10)
    assert isinstance(span, ReadableSpan)
    return kept.spans[0], span


def test_hook_sees_texts_and_other_exporters_see_the_whole() -> None:
    """A hook is given each string of a JSON attribute; the host's own exporters are not our business."""
    ours, theirs = sent(lambda text: text.replace("Ann", "A."), said=json.dumps(["Ann"]))

    assert attributes(ours)["said"] == '["A."]'
    assert attributes(theirs)["said"] == '["Ann"]'
    assert ours.get_span_context() == theirs.get_span_context()


def _raises(text: str) -> str:
    if "secret" in text:
        raise ValueError(text)
    return text


def test_text_is_withheld_when_a_hook_raises(caplog: pytest.LogCaptureFixture) -> None:
    """The text is not sent, the span is; it is counted, and the log does not quote the text."""
    before = _guard.swallowed()
    with caplog.at_level(logging.WARNING, logger="groundspan"):
        ours, _ = sent(_raises, a="secret", b="fine", c="secret too")

    assert (attributes(ours)["a"], attributes(ours)["b"]) == (WITHHELD, "fine")
    assert _guard.swallowed() == before + 2
    assert "secret" not in caplog.text


def test_text_is_withheld_when_a_hook_gives_no_text() -> None:
    """None is not a text; it is not taken for leave to send."""
    ours, _ = sent(lambda _text: None, a="secret")  # type: ignore[arg-type, return-value] # the mistake

    assert attributes(ours) == {WITHHELD: WITHHELD}


def test_variable_and_argument_name_the_same_redactors() -> None:
    """Names in any order run in ours; a host's function runs after them."""
    named = (BUILT_IN["email"], BUILT_IN["ip"])

    assert Settings.from_env({"GROUNDSPAN_REDACT": "ip, email"}).redact == named
    assert Settings.from_env({}, redact=[str.upper, "ip", "email"]).redact == (*named, str.upper)
    assert Settings.from_env({}, redact="all").redact == tuple(BUILT_IN.values())
    assert Settings.from_env({"GROUNDSPAN_REDACT": "all"}, redact=[]).redact == ()


@pytest.mark.parametrize("given", ["emails", ["email", 7]])
def test_unknown_redactor_is_refused(given: str) -> None:
    """A typing error must not send what was to be left out."""
    with pytest.raises(gs.ConfigError, match="redact takes functions of a text and the names all, key, email"):
        gs.init(redact=given)

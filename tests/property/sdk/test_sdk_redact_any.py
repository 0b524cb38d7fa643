"""Secrets planted anywhere in a span are in none of the bytes that are sent."""

import json
import string
from collections.abc import Sequence
from ipaddress import IPv6Address
from random import Random

from groundspan._export import Outbox
from groundspan._redact import BUILT_IN
from groundspan.settings import Settings
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanContext, StatusCode
from opentelemetry.util.types import AttributeValue

ALPHANUMERIC = string.ascii_letters + string.digits


class Wire(SpanExporter):
    """An exporter that keeps the bytes."""

    def __init__(self) -> None:
        self.sent = b""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Encode as the exporter for HTTP does."""
        self.sent += encode_spans(spans).SerializeToString()
        return SpanExportResult.SUCCESS


def _card(digits: str) -> str:
    total = sum((2 * int(d) - 9 * (2 * int(d) > 9)) if n % 2 == 0 else int(d) for n, d in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"


def _iban(country: str, account: str) -> str:
    moved = "".join(str(int(each, 36)) for each in account + country + "00")
    return f"{country}{98 - int(moved) % 97:02}{account}"


def _grouped(text: str, mark: str) -> str:
    return mark.join(text[start : start + 4] for start in range(0, len(text), 4))


def _digits(count: int) -> st.SearchStrategy[str]:
    return st.text(string.digits, min_size=count, max_size=count)


MARKS = st.sampled_from(["", " ", "-"])
EMAILS = st.from_regex(r"[a-z0-9][a-z0-9._+\-]{0,20}@[a-z0-9]{1,10}(\.[a-z]{2,8}){1,2}", fullmatch=True)
PHONES = st.from_regex(r"\+[1-9][0-9]{1,2} ?\([0-9]{2,4}\) ?[0-9]{3}[ \-][0-9]{4}", fullmatch=True)
CARDS = st.builds(
    lambda first, rest, mark: _grouped(_card(first + rest), mark), st.sampled_from("3456"), _digits(14), MARKS
)
IBANS = st.builds(
    lambda country, account, mark: _grouped(_iban(country, account), mark),
    st.sampled_from(["DE", "GB", "FR", "NL"]),
    st.text(string.digits + "ABCDEF", min_size=14, max_size=24),
    st.sampled_from(["", " "]),
)
KEYS = st.builds(
    lambda prefix, seed: prefix + "aA1" + "".join(Random(seed).sample(ALPHANUMERIC, 40)),
    st.sampled_from(["", "sk-", "sk-proj-", "ghp_", "glpat-", "hf_", "sk_live_"]),
    st.integers(0, 10**9),
)
IPS = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.integers(2**120, 2**128 - 1).map(lambda number: str(IPv6Address(number))),
)
SECRETS = st.one_of(EMAILS, PHONES, CARDS, IBANS, KEYS, IPS)
BEFORE = st.sampled_from([" ", "\n", "\t", '"', "\\", "Grüße ", "(", ", ", "<", "="])
AFTER = st.sampled_from([" ", "\n", "\t", '"', "\\", " Grüße", ")", ", ", ">", ". ", "? "])


@st.composite
def planted(draw: st.DrawFn) -> tuple[str, str]:
    """A secret, and a text that it stands in."""
    secret = draw(SECRETS)
    return secret, f"My data:{draw(BEFORE)}{secret}{draw(AFTER)}is what you need."


def _everywhere(text: str, box: Outbox) -> None:
    """Make a span, as another library may, with *text* in every place that can hold one."""
    provider = TracerProvider(resource=Resource({"host.note": text}), shutdown_on_exit=False)
    provider.add_span_processor(box)
    messages = [{"role": "user", "parts": [{"type": "text", "content": text}], text: [text, {"deep": text}]}]
    arguments = json.dumps({"arguments": json.dumps({"inner": text})})
    nested: dict[str, AttributeValue] = {
        "plain": text,
        "messages": json.dumps(messages, ensure_ascii=False),
        "escaped": json.dumps(messages),
        "arguments": arguments,
        "listed": [text, text],
        "bytes": text.encode(),
        f"key {text}": 1,
    }
    link = Link(SpanContext(1, 2, is_remote=True), {"note": text})
    span = provider.get_tracer("other").start_span(f"GET {text}", attributes=nested, links=[link])
    span.add_event(f"said {text}", {"exception.message": text, "exception.stacktrace": text})
    span.record_exception(ValueError(text))
    span.set_status(StatusCode.ERROR, text)
    span.end()


@given(planted())
def test_no_secret_is_in_the_bytes_that_are_sent(secret_and_text: tuple[str, str]) -> None:
    """Whichever secret, wherever it stands: the span arrives, the secret does not."""
    secret, text = secret_and_text
    wire = Wire()
    box = Outbox(lambda: wire, Settings(redact=tuple(BUILT_IN.values())), {})

    _everywhere(text, box)

    assert box.close(10)
    assert b"what you need" in wire.sent
    assert secret.encode() not in wire.sent


@given(st.text(), st.sampled_from(list(BUILT_IN)))
def test_redactors_take_any_text(text: str, name: str) -> None:
    """No text makes a built-in redactor raise, and what it gave it leaves alone."""
    once = BUILT_IN[name](text)

    assert BUILT_IN[name](once) == once

"""Values that are too long are cut, counted, and recognised as far as they go."""

import json

import otlp
import otlp_strategies
import pytest
import stored
from groundspan_collector.decode import cutting, logs, validate
from groundspan_collector.store import Store
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.trace.v1.trace_pb2 import Span

MIB = 1024 * 1024
LONG = "Why does the sky look blue? " * (3 * MIB // 28)
LIMIT = 1024

json_texts = st.recursive(
    st.one_of(st.none(), st.integers(), otlp_strategies.texts, st.text(max_size=40).map(lambda text: text * 60)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(otlp_strategies.texts, inner, max_size=4)),
).map(json.dumps)


def _cut(*spans: Span) -> tuple[validate.Request, list[Span]]:
    valid = validate.trace_request(otlp.body(*spans), LIMIT)
    return valid, list(validate.spans(ExportTraceServiceRequest.FromString(valid.body)))


def _said(text: str) -> str:
    return json.dumps([{"role": "user", "parts": [{"type": "text", "content": text}]}])


def test_prompt_of_3_mib_is_stored_cut_with_its_count(store: Store, project: str) -> None:
    """It is still the question; the other attributes are whole."""
    others = {"gen_ai.operation.name": "chat", "note": "n" * MIB, "gen_ai.output.messages": _said("Rayleigh.")}
    stored.insert(store, project, otlp.span({"gen_ai.input.messages": _said(LONG)} | others), otlp.span(name="z"))

    row, whole = stored.spans(store, project)

    assert (row["cut_attributes"], whole["cut_attributes"]) == (1, 0)
    assert len(row["attributes"]["gen_ai.input.messages"]) == MIB
    assert row["query"] == LONG[: len(row["query"])]
    assert len(row["query"]) > MIB - 200
    assert (row["attributes"]["note"], row["output"]) == ("n" * MIB, "Rayleigh.")


def test_chunks_are_recognised_when_one_of_them_is_too_long(store: Store, project: str) -> None:
    """The long one gives way, not those after it."""
    documents = [{"id": "a", "content": LONG}, {"id": "b", "content": "short"}]
    row = stored.read_back(
        store, project, {"groundspan.stage": "retrieve", "gen_ai.retrieval.documents": json.dumps(documents)}
    )

    (a, _, long, _), (b, _, short, _) = stored.chunks(store, project, row)
    assert (a, b, short, row["cut_attributes"]) == ("a", "b", "short", 1)
    assert MIB - 200 < len(long) < MIB


def test_values_of_events_and_of_the_resource_are_counted_on_the_span(store: Store, project: str) -> None:
    """Each span carries them all."""
    span = otlp.span({"long": LONG})
    span.events.add(name="e").attributes.extend(otlp.key_values({"long": LONG, "short": "s"}))
    stored.insert(store, project, span, otlp.span(name="z"), resource={"long": LONG})

    first, second = stored.spans(store, project)
    assert (first["cut_attributes"], second["cut_attributes"]) == (3, 1)
    assert first["resource_attributes"]["long"] == first["events"][0]["attributes"]["long"] == LONG[:MIB]


@pytest.mark.parametrize(("character", "kept"), [("é", 512), ("日", 341), ("😀", 256)])
def test_character_is_never_halved(character: str, kept: int) -> None:
    """What does not fit as a whole is left out."""
    for before in range(4):
        text = cutting.cut_text("a" * before + character * 600, LIMIT)
        assert text.strip("a") == character * ((LIMIT - before) // len(character.encode()))
    assert cutting.cut_text(character * 600, LIMIT) == character * kept


@given(st.text(st.characters(codec="utf-8")).map(lambda text: text * 20), st.integers(0, 200))
def test_text_is_cut_to_its_beginning(text: str, limit: int) -> None:
    """Not shorter than it must be, unless it is JSON."""
    kept = cutting.cut_text(text, limit)

    assert len(kept.encode()) <= limit
    if not text.lstrip().startswith(("[", "{")):
        assert text.startswith(kept)
        assert kept == text or len(kept.encode()) > limit - 4


@given(json_texts, st.integers(0, 4000))
def test_json_that_is_cut_stays_json(text: str, limit: int) -> None:
    """Where it fits without its long strings, and always within the limit."""
    kept = cutting.cut_text(text, limit)

    assert len(kept) <= limit
    if not text.startswith(kept):
        json.loads(kept)


@pytest.mark.parametrize("tail", ["\\", '"', "\n", "\\\\\\", "é", "😀", "\\u00e9"])
def test_escape_is_never_halved(tail: str) -> None:
    """Wherever the cut falls."""
    for before in range(12):
        for ascii_only in (True, False):
            text = json.dumps(["a" * before + tail * 1200], ensure_ascii=ascii_only)
            (kept,) = json.loads(cutting.cut_text(text, LIMIT))
            assert ("a" * before + tail * 1200).startswith(kept)
            assert len(json.dumps(kept, ensure_ascii=ascii_only).encode()) > LIMIT - 20


def test_json_without_long_strings_is_cut_like_a_text() -> None:
    """Nothing of it can be told to matter less."""
    text = json.dumps(list(range(2000)))

    assert cutting.cut_text(text, LIMIT) == text[:LIMIT]


@pytest.mark.parametrize(
    "text",
    ['["' + '\\"' * MIB, '["' + "\\" * (2 * MIB + 1), '["a' + "\n" * (2 * MIB) + "\\", "[" + '"",' * MIB + '""]'],
    ids=["quotes that never end a string", "backslashes", "no end", "more strings than are looked at"],
)
def test_text_that_only_begins_like_json_is_cut_in_one_pass(text: str) -> None:
    """A second look at each quote would take hours."""
    kept = cutting.cut_text(text, LIMIT)

    assert len(kept) in {LIMIT - 1, LIMIT}
    assert text.startswith(kept)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"b" * 2000, otlp.any_value(b"b" * 768)),
        (["a" * 3000, "b"], otlp.any_value('["' + "a" * 1016 + '","b"]')),
        ({"k": "a" * 3000}, otlp.any_value('{"k":"' + "a" * 1016 + '"}')),
    ],
    ids=["bytes", "list", "map"],
)
def test_value_of_another_kind_is_cut_as_it_is_stored(value: otlp.Value, kept: AnyValue) -> None:
    """Bytes so that their base64 fits, lists and maps as JSON."""
    valid, (span,) = _cut(otlp.span({"k": value}))

    assert (valid.cut, span.attributes[0].value) == (1, kept)


@given(st.lists(otlp_strategies.spans(), max_size=3), otlp_strategies.attributes)
def test_request_below_the_limit_is_untouched(spans: list[Span], resource: dict[str, otlp.Value]) -> None:
    """Byte for byte as without a limit."""
    body = otlp.body(*spans, resource=resource)

    assert validate.trace_request(body, len(body)) == validate.trace_request(body, 1 << 40)


@given(st.lists(otlp_strategies.spans(), max_size=3), otlp_strategies.attributes, st.integers(0, 64))
def test_look_at_lengths_misses_no_long_value(spans: list[Span], resource: dict[str, otlp.Value], limit: int) -> None:
    """Where it sees none, none is cut."""
    body = otlp.body(*spans, resource=resource)

    if not cutting.perhaps_long(body, limit):
        assert cutting.cut_spans(ExportTraceServiceRequest.FromString(body), limit) == 0


def test_many_small_spans_are_passed_over() -> None:
    """A large request of which no part is long."""
    body = otlp.body(*(otlp.span({"k": "v" * 500}) for _ in range(50)))

    assert not cutting.perhaps_long(body, LIMIT)
    assert validate.trace_request(body, LIMIT).body == body


def test_texts_of_log_records_are_cut_within_maps_too() -> None:
    """They have no span to keep the count."""
    record = LogRecord(event_name=logs.CHOICE, trace_id=b"t" * 16, span_id=b"s" * 8)
    record.body.CopyFrom(otlp.any_value({"message": {"content": LONG, "role": "assistant"}}))
    export = ExportLogsServiceRequest(resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=[record])])])

    valid = logs.request(export.SerializeToString())

    (content,) = logs.rows([valid.body], "", 1).contents
    assert (valid.cut, content["output"]) == (1, LONG[:MIB])

"""Log records of OTLP -> rows. Of all logs two kinds mean something here; the others are ignored, and counted. Pure.

`gen_ai.evaluation.result` is a score that somebody gave. `gen_ai.client.inference.operation.details`, and the events
per message that came before it, hold the text of a model call whose span has none: they are stored with the span's
id, and complete it when it is read, whichever came first.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from groundspan_collector.decode import cutting, structured
from groundspan_collector.decode.identity import project_of
from groundspan_collector.decode.structured import Json
from groundspan_collector.decode.validate import TIME_FAULT, Request, message

Row: TypeAlias = dict[str, object]

EVALUATION: Final = "gen_ai.evaluation.result"
DETAILS: Final = "gen_ai.client.inference.operation.details"
QUESTION: Final = "gen_ai.user.message"
CHOICE: Final = "gen_ai.choice"
CONTENTS: Final = frozenset(
    {DETAILS, QUESTION, CHOICE, "gen_ai.system.message", "gen_ai.assistant.message", "gen_ai.tool.message"}
)
_MINUTE_NS: Final = 60_000_000_000
_EARLY_NS: Final = 30 * 24 * 60 * _MINUTE_NS
_LATE_NS: Final = 10 * _MINUTE_NS


@dataclass(frozen=True, slots=True)
class Rows:
    """What becomes of some log records: rows by table."""

    evaluations: list[Row] = field(default_factory=list)
    contents: list[Row] = field(default_factory=list)
    traces: list[Row] = field(default_factory=list)
    """Of `spans_trace_id_ts`: text arrived, so that the trace is to be judged, perhaps again."""


def request(body: bytes, max_attribute_bytes: int = cutting.DEFAULT_MAX_BYTES) -> Request:
    """Check *body*, an uncompressed ExportLogsServiceRequest, and leave in it the records of which rows are made.

    Texts of more than *max_attribute_bytes* are cut. Raises RejectedData where the body is no such message.
    """
    export = message(body, ExportLogsServiceRequest)
    faults: list[str] = []
    kept = ignored = 0
    for resource_logs in export.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            sound = [record for record in scope_logs.log_records if not _fault(record)]
            faults += [_fault(record) for record in scope_logs.log_records if _fault(record)]
            wanted = [record for record in sound if _is_wanted(record)]
            kept += len(wanted)
            ignored += len(sound) - len(wanted)
            if len(wanted) < len(scope_logs.log_records):
                del scope_logs.log_records[:]
                scope_logs.log_records.extend(wanted)
    cut = cutting.cut_records(export, max_attribute_bytes) if cutting.perhaps_long(body, max_attribute_bytes) else 0
    return Request(export.SerializeToString(), kept, len(faults), faults[0] if faults else "", ignored, cut)


def rows(bodies: Sequence[bytes], project: str, received_at_ns: int) -> Rows:
    """The rows of requests that request() gave; *project*, if not empty, wins over what they say."""
    made = Rows()
    for body in bodies:
        for order, (resource, record) in enumerate(_records(ExportLogsServiceRequest.FromString(body))):
            identity = {
                "project": project_of(project, resource),
                "trace_id": _id(record.trace_id),
                "span_id": _id(record.span_id),
                "time": _time_ns(record),
                "received_at": received_at_ns,
            }
            if _event(record) == EVALUATION:
                made.evaluations.append(identity | _evaluation(record))
                continue
            content = _content(record, order)
            made.contents.append(identity | content)
            if content["query"] or content["output"]:
                made.traces.append(
                    _trace(identity, _time_ns(record), received_at_ns, answerable=content["output"] != "")
                )
    return made


def _records(export: ExportLogsServiceRequest) -> Iterator[tuple[Mapping[str, str], LogRecord]]:
    for resource_logs in export.resource_logs:
        resource = structured.texts(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                yield resource, record


def _fault(record: LogRecord) -> str:
    """Why *record* cannot be stored; empty if it can. It may belong to no span."""
    if len(record.trace_id) not in {0, 16}:
        return f"trace_id must be 16 bytes or absent, got {record.trace_id.hex()}"
    if len(record.span_id) not in {0, 8}:
        return f"span_id must be 8 bytes or absent, got {record.span_id.hex()}"
    return TIME_FAULT if record.time_unix_nano >> 63 or record.observed_time_unix_nano >> 63 else ""


def _is_wanted(record: LogRecord) -> bool:
    """Whether a row is made of *record*: texts that belong to no span complete none."""
    event = _event(record)
    return event == EVALUATION or (event in CONTENTS and any(record.trace_id) and any(record.span_id))


def _event(record: LogRecord) -> str:
    """The event's name: a field of its own, formerly an attribute."""
    if record.event_name:
        return record.event_name
    return next((item.value.string_value for item in record.attributes if item.key == "event.name"), "")


def _id(raw: bytes) -> str:
    return raw.hex() if any(raw) else ""


def _time_ns(record: LogRecord) -> int:
    # Never the time of receipt: a record that is sent again must be the same row.
    return record.time_unix_nano or record.observed_time_unix_nano


def _evaluation(record: LogRecord) -> Row:
    attributes = structured.texts(record.attributes)
    return {
        "name": attributes.get("gen_ai.evaluation.name", ""),
        "score_value": _finite(attributes.get("gen_ai.evaluation.score.value", "")),
        "score_label": attributes.get("gen_ai.evaluation.score.label", ""),
        "explanation": attributes.get("gen_ai.evaluation.explanation", ""),
        "response_id": attributes.get("gen_ai.response.id", ""),
        "source": "log",
        "attributes": attributes,
    }


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _content(record: LogRecord, order: int) -> Row:
    """The text in *record*. *order* is its place among the others, for messages of one time."""
    event = _event(record)
    attributes = {item.key: structured.plain(item.value) for item in record.attributes}
    body = structured.plain(record.body)
    query = output = ""
    position = order
    if event == DETAILS:
        said = (body if isinstance(body, dict) else {}) | attributes
        asked = [each for each in _messages(said.get("gen_ai.input.messages")) if each.get("role") == "user"]
        answered = _messages(said.get("gen_ai.output.messages"))
        query, output = _message_text(asked[-1:]), _message_text(answered[:1])
    elif event == QUESTION:
        query = _body_text(body)
    elif event == CHOICE:
        choice = body if isinstance(body, dict) else {}
        output = _body_text(choice.get("message")) or _body_text(body)
        index = choice.get("index")
        position = index if isinstance(index, int) and 0 <= index < 1 << 32 else 0
    raw = json.dumps({"attributes": attributes, "body": body}, ensure_ascii=False, separators=(",", ":"))
    return {"event": event, "position": position, "query": query, "output": output, "raw": raw}


def _messages(value: Json) -> list[dict[str, Json]]:
    """Messages, structured as they should be on events, or as the JSON text that some emitters write."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return []
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _message_text(messages: Sequence[dict[str, Json]]) -> str:
    """The text of the only one of *messages*; empty where there is none."""
    for each in messages:
        parts = each.get("parts")
        said = _parts_text(parts) if isinstance(parts, list) and parts else _body_text(each)
        return structured.whole(said)
    return ""


def _body_text(body: Json) -> str:
    """The content of an event's body: a text, a list of parts, or a map with either."""
    content = body.get("content") if isinstance(body, dict) else body
    if isinstance(content, list):
        return _parts_text(content)
    return content if isinstance(content, str) else ""


def _parts_text(parts: Sequence[Json]) -> str:
    said = [part for part in parts if isinstance(part, dict) and part.get("type", "text") == "text"]
    texts = [part.get("content") or part.get("text") for part in said]
    return "\n".join(text for text in texts if isinstance(text, str))


def _trace(identity: Row, time_ns: int, received_at_ns: int, *, answerable: bool) -> Row:
    """Where the trace of a text lies in time; of a clock that is wrong, the time of receipt is the better guess."""
    is_credible = received_at_ns - _EARLY_NS <= time_ns <= received_at_ns + _LATE_NS
    start_ns = time_ns if is_credible else received_at_ns
    return {
        "project": identity["project"],
        "TraceId": identity["trace_id"],
        "Start": start_ns,
        "End": start_ns,
        "root_start": None,
        "answerable": int(answerable),
        "last_received": received_at_ns,
    }

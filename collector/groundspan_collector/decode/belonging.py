"""Which traces a request tells of, and what is left of it without some of them. Pure.

For requests that the store refused: of those that it took, the tables tell.
"""

from collections.abc import Collection, Iterator, Mapping, MutableSequence
from typing import Any, Final, TypeAlias

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from groundspan_collector.decode import structured
from groundspan_collector.decode.dialects import COLUMNS
from groundspan_collector.decode.identity import DEFAULT_PROJECT
from groundspan_collector.decode.validate import message

Export: TypeAlias = ExportTraceServiceRequest | ExportLogsServiceRequest
Item: TypeAlias = Span | LogRecord
Trace: TypeAlias = tuple[str, str]
"""Its project, and its id in hexadecimal digits."""

TELLING_OF_TRACES: Final = {"traces": ExportTraceServiceRequest, "logs": ExportLogsServiceRequest}
"""The kinds of requests that do."""

_KEYS: Final = {column.name: column.ordered for column in COLUMNS if column.name in {"project", "user"}}


def traces(kind: str, body: bytes, token_project: str, *, user: str = "") -> set[Trace]:
    """The traces that a request of *kind* tells of; with a *user*, those of which an item of it names this user.

    *token_project*, if not empty, wins over what the items say. Raises RejectedData where *body* is no such request.
    """
    return {
        _trace(item, said, token_project)
        for _, item, said in _items(_export(kind, body))
        if not user or _said("user", said) == user
    }


def without(kind: str, body: bytes, token_project: str, erased: Collection[Trace]) -> tuple[bytes, int]:
    """What is left of *body* without the items of the traces *erased*, and how many items that are."""
    export = _export(kind, body)
    items = list(_items(export))
    gone = [(siblings, item) for siblings, item, said in items if _trace(item, said, token_project) in erased]
    for siblings, item in gone:
        siblings.remove(item)
    return export.SerializeToString(), len(items) - len(gone)


def _export(kind: str, body: bytes) -> Export:
    return message(body, TELLING_OF_TRACES[kind])


def _items(export: Export) -> Iterator[tuple[MutableSequence[Any], Item, dict[str, str]]]:
    """Each span or log record, with the list that it is in, and the texts that it and its resource say."""
    for resource, siblings in _lists(export):
        of_resource = {f"resource {key}": text for key, text in structured.texts(resource.attributes).items()}
        for item in siblings:
            yield siblings, item, of_resource | structured.texts(item.attributes)


def _lists(export: Export) -> Iterator[tuple[Resource, MutableSequence[Any]]]:
    if isinstance(export, ExportTraceServiceRequest):
        for of_spans in export.resource_spans:
            yield from ((of_spans.resource, scope.spans) for scope in of_spans.scope_spans)
    else:
        for of_logs in export.resource_logs:
            yield from ((of_logs.resource, scope.log_records) for scope in of_logs.scope_logs)


def _said(column: str, said: Mapping[str, str]) -> str:
    return next((said[key] for key in _KEYS[column] if said.get(key)), "")


def _trace(item: Item, said: Mapping[str, str], token_project: str) -> Trace:
    return token_project or _said("project", said) or DEFAULT_PROJECT, item.trace_id.hex()

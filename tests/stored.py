"""Spans on their way into a store, and what is found there."""

from typing import Any

import otlp
from groundspan_collector.decode import validate
from groundspan_collector.store import Store
from opentelemetry.proto.trace.v1.trace_pb2 import Span

RECEIVED_NS = otlp.NOON_NS + 60 * otlp.SECOND


def insert(
    store: Store,
    project: str,
    *spans: Span,
    resource: otlp.Attributes | None = None,
    received_at_ns: int = RECEIVED_NS,
) -> None:
    """Store *spans* the way a request goes."""
    valid = validate.trace_request(otlp.body(*spans, resource=resource))
    store.insert_spans([valid.body], valid.items, project=project, received_at_ns=received_at_ns)


def spans(store: Store, project: str, columns: str = "*") -> list[dict[str, Any]]:
    """The spans of *project*, each once, by name."""
    return store.rows(
        f"SELECT {columns} FROM spans_once WHERE project = {{project:String}} ORDER BY name", {"project": project}
    )


def read_back(store: Store, project: str, attributes: otlp.Attributes) -> dict[str, Any]:
    """The row that a span with *attributes* becomes."""
    insert(store, project, otlp.span(attributes))
    (row,) = spans(store, project)
    return row


def rows_of(store: Store, project: str, *variants: otlp.Attributes) -> list[dict[str, Any]]:
    """The rows that spans with these attributes become, in one insert, in their order."""
    insert(store, project, *(otlp.span(each, name=f"{n:06}") for n, each in enumerate(variants)))
    return spans(store, project)


def chunks(store: Store, project: str, row: dict[str, Any]) -> list[tuple[str, float | None, str, str]]:
    """The chunks of a row: id, score, text, source."""
    texts = {
        each["hash"]: each["text"]
        for each in store.rows("SELECT hash, text FROM chunks WHERE project = {project:String}", {"project": project})
    }
    return [(each["id"], each["score"], str(texts[each["hash"]]), each["source"]) for each in row["chunks"]]

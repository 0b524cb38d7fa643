"""Whatever is valid OTLP is stored: nothing in the decoding throws on data."""

from uuid import uuid4

import otlp
import stored
from groundspan_collector.store import Store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from otlp_strategies import attributes, spans


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(spans(), min_size=1, max_size=8), st.one_of(st.none(), attributes))
def test_every_span_is_stored_once_whatever_it_carries(
    store: Store, sent: list[Span], resource: dict[str, otlp.Value] | None
) -> None:
    """As many rows as spans, found by their ids, however odd their attributes."""
    project = f"any-{uuid4().hex}"

    stored.insert(store, project, *sent, resource=resource)

    found = [row["span_id"] for row in stored.spans(store, project)]
    assert sorted(found) == sorted(span.span_id.hex() for span in sent)

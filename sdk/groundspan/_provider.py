"""The TracerProvider of a host that has none: OTel's own, at less than its cost."""

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceFlags, TraceState, get_current_span
from opentelemetry.util.types import Attributes


class AsParent(ParentBased):
    """Samples what begins a trace, and of what is beneath a span the same as of that span.

    OTel's own looks at the parent three times, in a sampler within a sampler.
    """

    def __init__(self) -> None:
        super().__init__(ALWAYS_ON)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Decide as ``parentbased_always_on`` does."""
        parent = get_current_span(parent_context).get_span_context()
        if not parent.is_valid:
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes)
        if parent.trace_flags & TraceFlags.SAMPLED:
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, parent.trace_state)
        return super().should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)


class OwnProvider(TracerProvider):
    """Knows whether anybody but us looks at a span when it starts."""

    _processors = 0

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Let a processor see the spans; the first one is ours."""
        self._processors += 1
        super().add_span_processor(span_processor)

    def is_alone(self) -> bool:
        """Tell whether what a span starts with may be put on it a moment later."""
        return self._processors == 1 and type(self.sampler) is AsParent

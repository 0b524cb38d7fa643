"""For tests of decorated applications: see the spans without a collector."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import overload

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler

from groundspan import _runtime
from groundspan import attributes as keys
from groundspan._content import Content
from groundspan._context import stamp
from groundspan._export import joined
from groundspan._setup import SCOPE
from groundspan.settings import Settings

_MAX_CONTENT_CHARS = Settings().max_content_chars


class CapturedSpans(SpanProcessor, Sequence[ReadableSpan]):
    """The spans that ended so far, in that order."""

    def __init__(self) -> None:
        self._ended: list[ReadableSpan] = []
        self.contents: dict[int, Content] = {}
        """Where ended spans leave their texts."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Put on a span what the contexts around it say."""
        stamp(span, parent_context, {})

    def on_end(self, span: ReadableSpan) -> None:
        """Keep a span, with the texts that an exporter of ours would send."""
        context = span.get_span_context()
        content = None if context is None else self.contents.pop(context.span_id, None)
        self._ended.append(span if content is None else joined(span, content.written()))

    def stage(self, name: str) -> list[ReadableSpan]:
        """Give the spans of one stage: pipeline, tokenize, embed, retrieve, rerank, generate or tool."""
        return [span for span in self._ended if (span.attributes or {}).get(keys.STAGE) == name]

    @overload
    def __getitem__(self, index: int) -> ReadableSpan: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ReadableSpan]: ...
    def __getitem__(self, index: int | slice) -> ReadableSpan | Sequence[ReadableSpan]:
        return self._ended[index]

    def __len__(self) -> int:
        return len(self._ended)


@contextmanager
def capture_spans(
    *, max_content_chars: int = _MAX_CONTENT_CHARS, sampler: Sampler = ALWAYS_ON
) -> Iterator[CapturedSpans]:
    """Collect the spans of decorated calls inside this block, sending nothing anywhere.

    >>> with capture_spans() as spans:
    ...     said = answer("What is a deque?")
    >>> assert len(spans.stage("retrieve")) == 1
    """
    spans = CapturedSpans()
    provider = TracerProvider(sampler=sampler, shutdown_on_exit=False, span_limits=SpanLimits(max_span_attributes=1024))
    provider.add_span_processor(spans)
    before = _runtime.install(_runtime.Runtime(provider.get_tracer(SCOPE), max_content_chars, contents=spans.contents))
    try:
        yield spans
    finally:
        _runtime.install(before)

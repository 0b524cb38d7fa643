"""What init() made, where every decorated call finds it: one global, cheap to look at."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field

from opentelemetry.trace import Tracer

from groundspan._capture import Attributes, Capture
from groundspan._content import Content
from groundspan._sampling import Sample


def never() -> bool:
    """Tell that it is not so: the host's own TracerProvider may have anything."""
    return False


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a span needs to be made."""

    tracer: Tracer
    max_content_chars: int
    capture: Capture = "full"
    contents: MutableMapping[int, Content] = field(default_factory=dict)
    """Span id -> its texts, from the moment that the span ends until who writes them took them."""
    sample: Sample = 1.0
    """Which traces are kept."""
    on_span: Callable[[Attributes], Attributes] | None = None
    """Texts as they may stand on the span itself, for everybody's exporters; None: they do not."""
    is_alone: Callable[[], bool] = never
    """Tells whether no sampler and no processor of others looks at a span when it starts."""


_current: Runtime | None = None


def current() -> Runtime | None:
    """Give the runtime, or None before init(), after shutdown() and when disabled."""
    return _current


def install(runtime: Runtime | None) -> Runtime | None:
    """Make *runtime* the one that calls find, and give the one before it."""
    global _current
    before, _current = _current, runtime
    return before

"""What init() made, where every decorated call finds it: one global, cheap to look at."""

from dataclasses import dataclass

from opentelemetry.trace import Tracer

from groundspan._capture import Capture


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a span needs to be made."""

    tracer: Tracer
    max_content_chars: int
    capture: Capture = "full"


_current: Runtime | None = None


def current() -> Runtime | None:
    """Give the runtime, or None before init(), after shutdown() and when disabled."""
    return _current


def install(runtime: Runtime | None) -> Runtime | None:
    """Make *runtime* the one that calls find, and give the one before it."""
    global _current
    before, _current = _current, runtime
    return before

"""How an exception that ended some work is told on its span."""

import traceback

from opentelemetry.trace import Span, StatusCode

from groundspan import _capture as capture
from groundspan import attributes as keys
from groundspan._capture import Attributes
from groundspan._text import clean, shown

_MAX_ERROR_CHARS = 16_384


def record(span: Span, error: BaseException, capturing: capture.Capture) -> None:
    """Put *error* on *span*: its type in any case, its message and where it came from as *capturing* says."""
    kind = type(error)
    named = clean(kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}")
    message = shown(error)[:_MAX_ERROR_CHARS]
    stack = "".join(traceback.format_exception(error))
    # The end of a traceback says where it happened.
    told: Attributes = {capture.ERROR_MESSAGE: message, capture.ERROR_STACK: clean(stack[-_MAX_ERROR_CHARS:])}
    told = capture.kept(told, capturing)
    span.add_event("exception", {"exception.type": named, **told})
    span.set_attribute(keys.ERROR_TYPE, named)
    span.set_status(StatusCode.ERROR, str(told.get(capture.ERROR_MESSAGE, named)))

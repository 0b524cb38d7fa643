"""What a span starts with, put where OTel keeps it."""

from collections.abc import Mapping

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.trace import Span

from groundspan._capture import Value


def put(span: Span, opening: Mapping[str, Value]) -> None:
    """Give a span that just started *opening*, whose keys and values are clean.

    OTel looks each of them over at every start, which is a tenth of what a request's spans cost. Where it keeps
    them otherwise than is known here, or keeps fewer, it does so itself.
    """
    kept = getattr(span, "_attributes", None)
    inside = getattr(kept, "_dict", None)
    if (
        type(kept) is BoundedAttributes
        and type(inside) is dict
        and kept.max_value_len is None
        and (kept.maxlen is None or len(inside) + len(opening) <= kept.maxlen)
    ):
        # In one step of the interpreter: no lock is needed.
        inside.update(opening)
    else:
        span.set_attributes(opening)

"""gs.feedback() and gs.relevant(): how an answer was, said while it is made or any time later."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanContext, format_trace_id

from groundspan import _runtime
from groundspan import attributes as keys
from groundspan._guard import Guard
from groundspan._span import _current as current_stage
from groundspan._text import Cutter, clean, dumps, number, shown

if TYPE_CHECKING:
    from groundspan._events import EventBox

RELEVANT_NAME: Final = "relevant_ids"
_TRACE_ID = re.compile(r"[0-9a-f]{32}")

_TELLING = Guard("take feedback, which is lost")
_CHOOSING = Guard("choose whether a comment is captured; it is left out")

_box: "EventBox | None" = None


def install(box: "EventBox | None") -> None:
    """Make *box* the one that takes what is said; None: what is said goes nowhere."""
    global _box  # noqa: PLW0603 - one for a process, as the sender of spans
    _box = box


def trace_id() -> str | None:
    """Give the id of the trace in progress, for a feedback that comes later; None outside of any.

    >>> with gs.pipeline.span("answer"):
    ...     answer_id = gs.trace_id()
    """
    found = trace.get_current_span().get_span_context()
    return format_trace_id(found.trace_id) if found.is_valid else None


def feedback(
    *,
    score: float | None = None,
    label: str | None = None,
    comment: str | None = None,
    trace_id: str | None = None,
    name: str = "feedback",
) -> None:
    """Say how an answer was: with a *score*, a *label*, a *comment*, or more than one of these.

    Within a trace it is of the pipeline in progress; with *trace_id* it is of that trace, from anywhere and any time
    later. *name* says which of several evaluations it is.

    >>> gs.feedback(score=1, comment="That helped.", trace_id="5b8aa5a2d2c872e8321cf37308d69df2")

    It never raises: what cannot be taken, a score that is no number or a call outside of any trace, is lost, and
    logged once.
    """
    box = _box
    if box is None:
        return
    with _TELLING:
        given: dict[str, str | float] = {}
        if score is not None:
            given[keys.EVALUATION_SCORE] = _score(score)
        if label is not None:
            given[keys.EVALUATION_LABEL] = clean(_text("label", label))
        if comment is not None:
            given |= _comment(_text("comment", comment))
        elif not given:
            raise TypeError("feedback takes a score, a label or a comment")
        # A comment alone may have been left out by the setting `capture`.
        if given:
            _put(box, clean(_text("name", name)), given, trace_id)


def relevant(ids: Iterable[object], *, trace_id: str | None = None) -> None:
    """Say which ids are relevant to the question: of the pipeline in progress, or of a trace that is over.

    >>> gs.relevant(["doc-17", "doc-42"])
    """
    if trace_id is None:
        stage = current_stage()
        if stage is not None:
            stage.pipeline.relevant(ids)
        return
    box = _box
    if box is None:
        return
    with _TELLING:
        named = [ids] if isinstance(ids, str) else list(ids)
        _put(box, RELEVANT_NAME, {keys.EVALUATION_EXPLANATION: dumps([shown(each) for each in named])}, trace_id)


def _put(box: "EventBox", name: str, given: dict[str, str | float], of_trace: str | None) -> None:
    target = _target() if of_trace is None else _trace(of_trace)
    if target.trace_flags.sampled:
        box.put(target.trace_id, target.span_id, {keys.EVALUATION_NAME: name, **given})


def _target() -> SpanContext:
    """Find what is spoken of: the pipeline in progress, else the span in progress."""
    found = trace.get_current_span().get_span_context()
    if not found.is_valid:
        raise LookupError("no trace is in progress: pass the trace_id that gs.trace_id() gave in it")
    stage = current_stage()
    pipeline = None if stage is None else stage.pipeline.span_context
    return pipeline if pipeline is not None and pipeline.trace_id == found.trace_id else found


def _trace(given: object) -> SpanContext:
    text = given.strip().lower() if isinstance(given, str) else ""
    if not _TRACE_ID.fullmatch(text) or not int(text, 16):
        raise ValueError(f"trace_id must be 32 hexadecimal digits, got {given!r}")
    sampled = trace.TraceFlags(trace.TraceFlags.SAMPLED)
    return SpanContext(int(text, 16), INVALID_SPAN_CONTEXT.span_id, is_remote=True, trace_flags=sampled)


def _score(given: object) -> float:
    read = float(given) if isinstance(given, bool) else number(given)
    if read is None:
        raise TypeError(f"score must be a finite number, got {given!r}")
    return read


def _text(name: str, given: object) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{name} must be str, got {type(given).__name__}")
    return given


def _comment(text: str) -> dict[str, str | float]:
    """Give the comment as the settings allow it: it may quote the answer."""
    runtime = _runtime.current()
    if runtime is None or runtime.capture == "no_content":
        return {}
    text = Cutter(runtime.max_content_chars).text(text)
    if runtime.capture == "full":
        return {keys.EVALUATION_EXPLANATION: text}
    with _CHOOSING:
        kept = runtime.capture(keys.EVALUATION_EXPLANATION, text)
        return {} if kept is None else {keys.EVALUATION_EXPLANATION: clean(kept)}
    return {}

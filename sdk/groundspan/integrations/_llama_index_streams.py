"""Answers that LlamaIndex streams: it tells of every piece by an event, and hands out a generator of its own."""

import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import AsyncGeneratorType, FrameType, GeneratorType
from typing import Final, cast

from groundspan._flow import Flow
from groundspan._guard import Guard
from groundspan._span import StageSpan
from groundspan.integrations._inner import At
from groundspan.integrations._llama_index_answers import delta_of, fields, is_spoken, whole

# Each piece of LlamaIndex's holds all of the answer so far: the last is kept, and of the others when they came and what
# they added.
_PIECE: Final = object()
_MOST_PIECES: Final = 100_000
_MOST_OPEN: Final = 10_000
_LEAVING: Final = Guard("end the span of a stream that was dropped")


def is_stream(result: object) -> bool:
    """Tell whether a model's answer is still to come."""
    return isinstance(result, GeneratorType | AsyncGeneratorType)


class Stream:
    """One streamed answer, and the span that waits for its end."""

    def __init__(self, span: At, *, is_told: bool) -> None:
        self._span = span
        # A model whose methods have no callbacks tells nothing: its span ends when nobody holds the generator.
        self._flow = Flow(cast("StageSpan", span)) if is_told else None
        self._last: object = None
        self._deltas: list[str] = []
        self._known: dict[str, object] = {}
        self.held: weakref.ref[object] | None = None
        """The generator."""
        self.frame = 0
        """The id of its frame."""

    @property
    def span(self) -> At:
        """Whose stream it is."""
        return self._span

    def came(self, piece: object) -> None:
        """Take a piece on its way to the consumer."""
        if self._flow is None or not self._span.is_recording:
            return
        if is_spoken(piece):
            self._flow.step(lambda: _PIECE)
            if len(self._deltas) < _MOST_PIECES:
                self._deltas.append(delta_of(piece))
        self._last = piece
        self._known |= fields(piece)

    def finish(self) -> None:
        """End the span of a stream that came to its end."""
        with suppress(StopIteration):
            self._ended(lambda: next(iter(())))

    def fail(self, error: BaseException) -> None:
        """End the span with what was raised in mid-stream; the consumer's leaving is raised there too."""
        trace = error.__traceback__
        with suppress(type(error)):
            self._ended(partial(_raise, error))
        # It goes on to the host, which is not to see where we looked at it.
        error.__traceback__ = trace

    def leave(self) -> None:
        """End the span of a stream that nobody will read on."""
        with suppress(GeneratorExit):
            self._ended(partial(_raise, GeneratorExit()))

    def _ended(self, last: Callable[[], object]) -> None:
        if self._flow is None:
            self._span.end()
            return
        # Before the flow ends: how fast it was depends on the tokens.
        self._span.result(whole(self._last, self._known, "".join(self._deltas)))
        self._flow.step(last)

    def is_in(self, frame: FrameType) -> bool:
        """Tell whether *frame* is the generator's own."""
        held = None if self.held is None else self.held()
        return held is not None and _frame(held) is frame


class Streams:
    """The streams that are open, by the ids of LlamaIndex's spans."""

    def __init__(self) -> None:
        self._open: dict[str, Stream] = {}
        self._ids: dict[int, str] = {}
        """A generator's frame -> the stream that it is, by their ids."""

    def __len__(self) -> int:
        return len(self._open)

    def follow(self, span_id: str, span: At, generator: object, *, is_told: bool) -> None:
        """End *span* with *generator*."""
        span.pause()
        frame = id(_frame(generator))
        known = self._ids.get(frame)
        before = None if known is None else self._open.get(known)
        if known is not None and before is not None and before.held is not None and before.held() is generator:
            # What an overridden method gives is that of the method itself, whose events come under its own id.
            span_id, is_told = known, True
        stream = Stream(span, is_told=is_told)
        stream.held = weakref.ref(generator, partial(self._dropped, span_id))
        stream.frame = frame
        self._open[span_id] = stream
        self._ids[frame] = span_id
        if len(self._open) > _MOST_OPEN:
            self.end(next(iter(self._open)), Stream.leave)

    def came(self, span_id: str, piece: object) -> None:
        """Hand a piece to its stream."""
        stream = self._open.get(span_id)
        if stream is not None:
            stream.came(piece)

    def end(self, span_id: str, how: Callable[[Stream], None]) -> None:
        """End a stream, if it is still open."""
        stream = self._open.pop(span_id, None)
        if stream is not None:
            self._ids.pop(stream.frame, None)
            how(stream)

    def at_work(self) -> At | None:
        """Find the stream whose generator runs right here: what it calls is a part of it."""
        if not self._open:
            return None
        frame: FrameType | None = sys._getframe()  # noqa: SLF001 - inspect.currentframe() is the same, and may be None
        while frame is not None:
            known = self._ids.get(id(frame))
            stream = None if known is None else self._open.get(known)
            if stream is not None and stream.is_in(frame):
                return stream.span
            frame = frame.f_back
        return None

    def close(self) -> None:
        """End all that is open."""
        for span_id in tuple(self._open):
            self.end(span_id, Stream.leave)

    def _dropped(self, span_id: str, gone: weakref.ref[object]) -> None:
        stream = self._open.get(span_id)
        if stream is not None and stream.held is gone:
            with _LEAVING:
                self.end(span_id, Stream.leave)


def _raise(error: BaseException) -> object:
    raise error


def _frame(generator: object) -> object:
    return getattr(generator, "gi_frame", None) or getattr(generator, "ag_frame", None)

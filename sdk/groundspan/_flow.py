"""One stream's span: current while the stream's work goes on, ended with the stream, whichever way that is."""

import sys
import time
from collections.abc import Awaitable, Callable

from groundspan import attributes as keys
from groundspan._guard import Guard
from groundspan._outcome import FAILED, FINISHED, Reader, is_sending, left, raised, reader
from groundspan._pace import Pace
from groundspan._pieces import speaks, whole
from groundspan._span import StageSpan

# More pieces than any answer has; a stream without end must not fill the memory.
_MAX_PIECES = 100_000
# The first piece is often read apart, before the stream is handed on.
_LOOKS = 2

_WATCHING = Guard("watch a stream")


class Flow:
    """What came of a stream so far, and the span that waits for the rest."""

    __slots__ = ("_clock_ns", "_looks", "_open", "_pace", "_pieces", "_reader", "_span")

    def __init__(self, span: StageSpan, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._span = span
        self._clock_ns = clock_ns
        self._open = True
        self._looks = 0
        self._pace = Pace(span.started_ns)
        self._pieces: list[object] = []
        self._reader = Reader()

    def __del__(self) -> None:
        with _WATCHING:
            self.stop()

    def step(self, advance: Callable[[], object]) -> object:
        """Run the work to its next piece, under its span."""
        self._begin()
        try:
            piece = advance()
        except StopIteration:
            self._end(self._span.outcome or FINISHED)
            raise
        except GeneratorExit:
            self.stop()
            raise
        except BaseException as error:
            self._fail(error)
            raise
        self._came(piece)
        return piece

    async def step_async(self, advance: Awaitable[object]) -> object:
        """Run the work to its next piece, under its span."""
        self._begin()
        try:
            piece = await advance
        except StopAsyncIteration:
            self._end(self._span.outcome or FINISHED)
            raise
        except GeneratorExit:
            self.stop()
            raise
        except BaseException as error:
            self._fail(error)
            raise
        self._came(piece)
        return piece

    def under(self, work: Callable[[], object]) -> object:
        """Do what makes no piece, under the span."""
        self._begin()
        try:
            return work()
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._span.pause()

    async def under_async(self, work: Awaitable[object]) -> object:
        """Do what makes no piece, under the span."""
        self._begin()
        try:
            return await work
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._span.pause()

    def leave(self, error: BaseException | None = None) -> None:
        """Take down why the consumer leaves, before the work is told: streams inside this one ask."""
        if self._open and self._span.outcome is None:
            handled = sys.exc_info()[1] if error is None else error
            sending = is_sending(sys._getframe())  # noqa: SLF001 - inspect.currentframe() is the same, and may be None
            self._span.outcome = left(handled, self._reader, self._span.outcome_around, sending=sending)

    def stop(self, error: BaseException | None = None) -> None:
        """End the span of a stream that its consumer leaves."""
        if self._open:
            self.leave(error)
            self._end(self._span.outcome or FINISHED)

    def _begin(self) -> None:
        if not self._open:
            return
        if self._looks < _LOOKS:
            self._looks += 1
            with _WATCHING:
                self._reader = reader(sys._getframe())  # noqa: SLF001 - as above
        self._span.resume()

    def _came(self, piece: object) -> None:
        if not self._open:
            return
        self._span.pause()
        if not self._span.is_recording:
            return
        with _WATCHING:
            if speaks(piece):
                self._pace.came(self._clock_ns())
            if len(self._pieces) < _MAX_PIECES:
                self._pieces.append(piece)

    def _fail(self, error: BaseException) -> None:
        self._end(raised(error, self._reader, self._span.outcome_around), error)

    def _end(self, outcome: str, error: BaseException | None = None) -> None:
        if not self._open:
            return
        self._open = False
        self._span.outcome = outcome
        self._span.note({keys.STREAM_OUTCOME: outcome})
        # Pieces of text are one text, unless each is a result of its own.
        with _WATCHING:
            if self._span.speaks:
                self._span.result(whole(self._pieces))
                self._span.note(self._pace.written(self._span.streamed_tokens()))
            else:
                self._span.result(self._pieces)
        self._pieces = []
        if error is not None and outcome == FAILED:
            self._span.fail(error)
        else:
            self._span.end()

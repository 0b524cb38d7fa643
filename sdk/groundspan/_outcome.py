"""How a stream ended: it was finished, its consumer stopped, it failed, was cancelled, or its client went."""

import asyncio
import weakref
from types import FrameType
from typing import Final, NamedTuple

FINISHED: Final = "finished"
STOPPED: Final = "stopped"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
DISCONNECTED: Final = "disconnected"

# They read a stream to its end, unless there is nobody left to send it to.
_SERVERS = frozenset({"starlette", "sse_starlette", "django", "wsgiref", "werkzeug", "gunicorn", "waitress"})
_RESPONSES = frozenset({"starlette.responses", "starlette.concurrency", "sse_starlette.sse"})
_DISCONNECTS = frozenset({"ClientDisconnect", "ClientDisconnected", "WebSocketDisconnect"})
_CANCELS = frozenset({"CancelledError", "Cancelled"})


class Reader(NamedTuple):
    """Who reads a stream."""

    is_server: bool = False
    """A web server itself asks for the pieces."""
    within_response: bool = False
    """The application's code asks for them, to make the body of a response that is being sent."""
    task: "weakref.ref[asyncio.Task[object]] | None" = None

    @property
    def was_cancelled(self) -> bool:
        """Whether the task that read is ending because it was cancelled."""
        task = None if self.task is None else self.task()
        return task is not None and (task.cancelled() or task.cancelling() > 0)


def reader(frame: FrameType | None) -> Reader:
    """Look who is behind the call in *frame*."""
    while frame is not None and _module(frame).startswith("groundspan."):
        frame = frame.f_back
    is_server = frame is not None and _module(frame).partition(".")[0] in _SERVERS
    return Reader(is_server, is_server or is_sending(frame), _task())


def is_sending(frame: FrameType | None) -> bool:
    """Tell whether a response's body is being made in *frame* or around it."""
    while frame is not None:
        if _module(frame) in _RESPONSES:
            return True
        frame = frame.f_back
    return False


def raised(error: BaseException, who: Reader, around: str | None = None) -> str:
    """Tell what an exception in mid-stream means; *around* as in left()."""
    names = _names(error)
    if names & _DISCONNECTS:
        return DISCONNECTED
    if names & _CANCELS:
        # A loop that stops cancels what is still being closed: it was left before.
        if around is not None and around != FINISHED:
            return around
        # A response cancels its body through a scope; a task that is cancelled, or timed out, has none.
        return DISCONNECTED if who.within_response and "cancel scope" in str(error) else CANCELLED
    return FAILED


def left(handled: BaseException | None, who: Reader, around: str | None, *, sending: bool) -> str:
    """Tell why a consumer left before the end.

    *handled* is the exception that the consumer is leaving with, *around* the outcome of the stream that this
    one is read in, if that is being left too; *sending* says that the response is still being made.
    """
    names = frozenset() if handled is None else _names(handled)
    if who.is_server or names & _DISCONNECTS or isinstance(handled, ConnectionError):
        return DISCONNECTED
    if names & _CANCELS:
        return raised(handled, who) if handled is not None else CANCELLED
    if around is not None and around != FINISHED:
        return around
    if who.was_cancelled:
        return DISCONNECTED if who.within_response else CANCELLED
    # Threads have no tasks: a response that is no longer being made was dropped as a whole.
    return DISCONNECTED if who.within_response and who.task is None and not sending else STOPPED


def _names(error: BaseException) -> frozenset[str]:
    return frozenset(kind.__name__ for kind in type(error).__mro__)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _task() -> "weakref.ref[asyncio.Task[object]] | None":
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    return None if task is None else weakref.ref(task)

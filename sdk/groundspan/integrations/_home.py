"""The very context that a task runs in: frameworks tell of the end of async work elsewhere than where it began."""

import asyncio
import contextvars
import gc
import threading
from collections.abc import Callable
from typing import NamedTuple

_PROBE: contextvars.ContextVar[object] = contextvars.ContextVar("groundspan-probe")


class Home(NamedTuple):
    """Where a task runs."""

    context: contextvars.Context
    thread: int


def home() -> Home | None:
    """Give the context of the current task, no copy; None outside of tasks, or where it is hidden."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    if task is None:
        return None
    get_context = getattr(task, "get_context", None)
    held = [get_context()] if callable(get_context) else gc.get_referents(task)
    # Before Python 3.12 a task does not tell: of the few things that it holds, it is that where a mark can be seen.
    mark = object()
    token = _PROBE.set(mark)
    try:
        contexts = (each for each in held if isinstance(each, contextvars.Context))
        found = next((each for each in contexts if each.get(_PROBE) is mark), None)
        return None if found is None else Home(found, threading.get_ident())
    finally:
        _PROBE.reset(token)


def run_at(place: Home | None, work: Callable[[], None]) -> None:
    """Do *work*, which may be done twice, at home if there is one that is free."""
    # While another thread were in there, one that collects garbage say, the task could not go on: its loop would fail.
    if place is not None and place.thread == threading.get_ident():
        try:
            place.context.run(work)
        except RuntimeError:
            # It is the current context, or work of its own is going on in it.
            pass
        else:
            return
    work()

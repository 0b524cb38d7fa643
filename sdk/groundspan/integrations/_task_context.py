"""The very context that a task runs in: frameworks tell of the end of async work elsewhere than where it began."""

import asyncio
import contextvars
import gc
from collections.abc import Callable

_PROBE: contextvars.ContextVar[object] = contextvars.ContextVar("groundspan-probe")


def task_context() -> contextvars.Context | None:
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
        return next((each for each in held if isinstance(each, contextvars.Context) and each.get(_PROBE) is mark), None)
    finally:
        _PROBE.reset(token)


def run_in(context: contextvars.Context | None, work: Callable[[], None]) -> None:
    """Do *work*, which may be done twice, in *context* if there is one, and it is free."""
    if context is not None:
        try:
            context.run(work)
        except RuntimeError:
            # It is the current one, or work of its own is going on in it.
            pass
        else:
            return
    work()

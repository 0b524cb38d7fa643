"""The way back into a task's own context, which the integrations of frameworks share."""

import asyncio
from contextvars import Context, ContextVar

from groundspan.integrations._home import home, run_at

WHERE: ContextVar[str] = ContextVar("where", default="elsewhere")


def test_work_is_done_in_the_task_s_context_from_a_callback() -> None:
    """Its own context is another."""

    async def work() -> list[str]:
        WHERE.set("task")
        place, seen, done = home(), list[str](), asyncio.Event()

        def call_back() -> None:
            run_at(place, lambda: seen.append(WHERE.get()))
            done.set()

        asyncio.get_running_loop().call_soon(call_back, context=Context())
        await done.wait()
        return seen

    assert asyncio.run(work()) == ["task"]


def test_work_is_done_here_from_another_thread() -> None:
    """A task whose context is in use elsewhere cannot go on: its loop would fail."""

    async def work() -> list[str]:
        WHERE.set("task")
        place, seen = home(), list[str]()
        await asyncio.get_running_loop().run_in_executor(None, run_at, place, lambda: seen.append(WHERE.get()))
        return seen

    assert asyncio.run(work()) == ["elsewhere"]


def test_there_is_no_home_outside_of_tasks() -> None:
    """Work is done where it is."""
    seen = list[str]()
    run_at(home(), lambda: seen.append(WHERE.get()))

    assert (home(), seen) == (None, ["elsewhere"])

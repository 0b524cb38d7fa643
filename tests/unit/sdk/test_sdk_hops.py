"""Where work hops: threads, pools, tasks and services keep their place in the trace."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import groundspan as gs
import pytest
from groundspan import _guard
from groundspan import attributes as keys
from groundspan._hops import Headers
from groundspan.testing import CapturedSpans
from opentelemetry.sdk.trace import ReadableSpan
from sdk_support import attributes, strict_spans

Hop: TypeAlias = Callable[[str], list[str]]


@gs.retrieve
def search(query: str) -> list[str]:
    """Find one chunk."""
    return [query]


@gs.retrieve
async def search_async(query: str) -> list[str]:
    """Find one chunk, later."""
    await asyncio.sleep(0)
    return [query]


@gs.generate
def complete(prompt: str) -> str:
    """Answer."""
    return prompt


def submitted(query: str) -> list[str]:
    """Hop with Executor.submit."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(gs.carry(search), query).result()


def mapped(query: str) -> list[str]:
    """Hop with Executor.map."""
    with ThreadPoolExecutor(1) as pool:
        return next(pool.map(gs.carry(search), [query]))


def threaded(query: str) -> list[str]:
    """Hop with Thread."""
    thread = threading.Thread(target=gs.carry(search), args=(query,))
    thread.start()
    thread.join()
    return [query]


def in_executor(query: str) -> list[str]:
    """Hop with run_in_executor."""

    async def run() -> list[str]:
        return await asyncio.get_running_loop().run_in_executor(None, gs.carry(search), query)

    return asyncio.run(run())


def on_another_loop(query: str) -> list[str]:
    """Hop with a coroutine function that runs in another thread's loop."""
    carried = gs.carry(search_async)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(carried(query))).result()


def to_thread(query: str) -> list[str]:
    """Hop with asyncio.to_thread, which takes the context along by itself."""
    return asyncio.run(asyncio.to_thread(search, query))


def in_task(query: str) -> list[str]:
    """Hop with a task, which takes the context along by itself."""

    async def run() -> list[str]:
        return await asyncio.create_task(search_async(query))

    return asyncio.run(run())


HOPS = [submitted, mapped, threaded, in_executor, on_another_loop, to_thread, in_task]


def parent_of(span: ReadableSpan) -> int | None:
    """Give the id of a span's parent."""
    return span.parent and span.parent.span_id


def identity(span: ReadableSpan) -> int:
    """Give a span's id."""
    context = span.get_span_context()
    assert context
    return context.span_id


def id_of(spans: CapturedSpans, stage: str) -> int:
    """Give the id of the only span of a stage."""
    (span,) = spans.stage(stage)
    return identity(span)


@pytest.mark.parametrize("hop", HOPS, ids=lambda hop: str(hop.__name__))
def test_parent_and_context_are_kept_when_work_hops(hop: Hop) -> None:
    """The retrieve is the pipeline's child, has its user, and is what the answer stands on."""

    @gs.pipeline
    def answer(question: str) -> str:
        hop(question)
        return complete(question)

    with strict_spans() as spans, gs.context(user="u1"):
        answer("q")

    (retrieve,), (generate,) = spans.stage("retrieve"), spans.stage("generate")
    assert parent_of(retrieve) == id_of(spans, "pipeline")
    assert attributes(retrieve)[keys.USER] == "u1"
    assert attributes(generate)[keys.CONTEXT_SPAN_IDS] == (f"{id_of(spans, 'retrieve'):016x}",)


def test_thread_is_a_trace_of_its_own_when_nothing_is_carried() -> None:
    """What docs/hops.md says of a bare thread: this is the case that carry() is for."""
    with strict_spans() as spans, gs.pipeline.span():
        thread = threading.Thread(target=search, args=("q",))
        thread.start()
        thread.join()

    assert parent_of(spans.stage("retrieve")[0]) is None


def test_carried_function_runs_many_times_at_once() -> None:
    """One carried function serves a whole pool: its calls meet inside it."""
    met = threading.Barrier(4, timeout=10)

    @gs.retrieve
    def meet(query: str) -> list[str]:
        met.wait()
        return [query]

    with strict_spans() as spans, gs.pipeline.span(), ThreadPoolExecutor(4) as pool:
        assert list(pool.map(gs.carry(meet), "abcd")) == [["a"], ["b"], ["c"], ["d"]]

    assert {parent_of(span) for span in spans.stage("retrieve")} == {id_of(spans, "pipeline")}


def test_carried_function_is_the_function() -> None:
    """Its name, its kind, its result and its errors are its own; so is the context of who calls it."""
    with strict_spans() as spans:
        with gs.pipeline.span():
            carried = gs.carry(search)
        with gs.tool.span("other"):
            assert carried("q") == ["q"]
            search("outside")

    assert carried.__name__ == "search"
    assert asyncio.iscoroutinefunction(gs.carry(search_async))
    with pytest.raises(ZeroDivisionError):
        gs.carry(lambda: 1 / 0)()
    inside, outside = spans.stage("retrieve")
    assert (parent_of(inside), parent_of(outside)) == (id_of(spans, "pipeline"), id_of(spans, "tool"))


def test_trace_goes_on_when_headers_are_handed_over() -> None:
    """The other side's spans are children of the span that sent the headers."""
    with strict_spans() as spans:
        with gs.pipeline.span():
            sent = gs.headers()
        with gs.continued(sent):
            search("q")
        search("after")

    continued, after = spans.stage("retrieve")
    assert parent_of(continued) == id_of(spans, "pipeline")
    assert parent_of(after) is None


@pytest.mark.parametrize("shape", [lambda sent: [(b"TraceParent", sent.encode())], lambda sent: {"Traceparent": sent}])
def test_headers_are_read_in_any_case_and_shape(shape: Callable[[str], Headers]) -> None:
    """ASGI's pairs of bytes, and names as proxies write them."""
    with strict_spans() as spans, gs.pipeline.span():
        sent = gs.headers()["traceparent"]
        with gs.continued(shape(sent)):
            search("q")

    assert parent_of(spans.stage("retrieve")[0]) == id_of(spans, "pipeline")


def test_span_of_an_instrumentation_stays_the_parent() -> None:
    """Where the server's span of the same trace is open already, the work belongs under it."""
    with strict_spans() as spans, gs.pipeline.span():
        sent = gs.headers()
        with gs.tool.span("server"), gs.continued(sent):
            search("q")

    assert parent_of(spans.stage("retrieve")[0]) == id_of(spans, "tool")


@pytest.mark.parametrize("sent", [{}, {"traceparent": "00-zz"}, [("traceparent", "")], {"tracestate": "a=1"}])
def test_trace_of_its_own_begins_when_headers_name_none(sent: Mapping[str, str]) -> None:
    """Headers that are absent or broken are no error."""
    with strict_spans() as spans, gs.continued(sent):
        search("q")

    assert parent_of(spans[0]) is None


def test_work_goes_on_when_headers_are_no_headers() -> None:
    """A mistake in the headers is told in the log, never raised in a request."""
    before = _guard.swallowed()

    with gs.continued(7):  # type: ignore[arg-type] # the mistake
        assert search("q") == ["q"]

    assert _guard.swallowed() == before + 1


def test_no_headers_are_sent_outside_of_a_span() -> None:
    """Nothing to continue, nothing to say."""
    assert gs.headers() == {}

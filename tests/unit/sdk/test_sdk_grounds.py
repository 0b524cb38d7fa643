"""Which chunks a generate span says it stands on."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import groundspan as gs
import pytest
from groundspan import attributes as keys
from groundspan.testing import CapturedSpans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import format_span_id
from sdk_support import attributes, loaded, strict_spans


@pytest.fixture
def spans() -> Iterator[CapturedSpans]:
    """The spans of a test, in the order they ended."""
    with strict_spans() as captured:
        yield captured


@gs.retrieve
def retrieve(query: str) -> list[str]:
    """Find one chunk."""
    return [query]


@gs.rerank
def rerank(query: str, hits: list[str]) -> list[str]:
    """Keep the chunks."""
    return hits if query else []


@gs.generate
def generate(question: str) -> str:
    """Answer."""
    return question.upper()


def _id(span: ReadableSpan) -> str:
    assert span.context is not None
    return format_span_id(span.context.span_id)


def _stood_on(spans: CapturedSpans) -> set[str]:
    named = attributes(spans.stage("generate")[-1]).get(keys.CONTEXT_SPAN_IDS, ())
    assert isinstance(named, tuple)
    return {str(each) for each in named}


def test_answer_stands_on_the_retrieve_before_it(spans: CapturedSpans) -> None:
    """Nothing needs to be said: the last retrieve of the pipeline is the context."""

    @gs.pipeline
    def ask(question: str) -> str:
        retrieve("first")
        retrieve("second")
        return generate(question)

    ask("q")

    assert _stood_on(spans) == {_id(spans.stage("retrieve")[1])}


def test_answer_stands_on_the_rerank_when_there_is_one(spans: CapturedSpans) -> None:
    """A rerank takes the place of what it reranked."""

    @gs.pipeline
    def ask(question: str) -> str:
        rerank(question, retrieve(question))
        return generate(question)

    ask("q")

    assert _stood_on(spans) == {_id(spans.stage("rerank")[0])}


def test_answer_stands_on_the_outer_retrieve_when_one_holds_others(spans: CapturedSpans) -> None:
    """A retrieve made of retrieves gives the chunks that count."""

    @gs.retrieve(data_source="both")
    def hybrid(query: str) -> list[str]:
        return rerank(query, retrieve(query) + retrieve(query))

    @gs.pipeline
    def ask(question: str) -> str:
        hybrid(question)
        return generate(question)

    ask("q")
    (outer,) = (span for span in spans if span.name == "retrieval both")

    assert _stood_on(spans) == {_id(outer)}


def test_answer_stands_on_all_retrieves_that_ran_at_once(spans: CapturedSpans) -> None:
    """Dense and sparse search in parallel both count, also from child tasks."""

    @gs.retrieve
    async def search(query: str, met: asyncio.Barrier) -> list[str]:
        async with met:
            return [query]

    @gs.pipeline
    async def ask(question: str) -> str:
        met = asyncio.Barrier(2)
        await asyncio.gather(search("dense", met), search("sparse", met))
        return generate(question)

    asyncio.run(ask("q"))

    assert _stood_on(spans) == {_id(span) for span in spans.stage("retrieve")}


def test_answer_stands_on_a_retrieve_in_a_thread_that_got_the_context(spans: CapturedSpans) -> None:
    """The pipeline is found wherever the context was copied to."""

    @gs.pipeline
    def ask(question: str) -> str:
        thread = threading.Thread(target=copy_context().run, args=(retrieve, question))
        thread.start()
        thread.join()
        return generate(question)

    ask("q")

    assert _stood_on(spans) == {_id(spans.stage("retrieve")[0])}


def test_concurrent_pipelines_do_not_share_their_chunks(spans: CapturedSpans) -> None:
    """Each answer stands on its own pipeline's retrieve, however they interleave."""

    @gs.pipeline
    async def ask(question: str, met: asyncio.Barrier) -> str:
        retrieve(question)
        async with met:
            return generate(question)

    async def both() -> None:
        met = asyncio.Barrier(2)
        await asyncio.gather(ask("a", met), ask("b", met))

    asyncio.run(both())

    for answer in spans.stage("generate"):
        (retrieved,) = (span for span in spans.stage("retrieve") if span.parent == answer.parent)
        assert attributes(answer)[keys.CONTEXT_SPAN_IDS] == (_id(retrieved),)


def test_pipelines_in_threads_do_not_share_their_chunks(spans: CapturedSpans) -> None:
    """Threads of a server are as apart as tasks."""
    met = threading.Barrier(2)

    @gs.pipeline
    def ask(question: str) -> str:
        retrieve(question)
        met.wait(timeout=10)
        return generate(question)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(ask, ["a", "b"]))

    for answer in spans.stage("generate"):
        (retrieved,) = (span for span in spans.stage("retrieve") if span.parent == answer.parent)
        assert attributes(answer)[keys.CONTEXT_SPAN_IDS] == (_id(retrieved),)


def test_outer_answer_stands_on_what_a_nested_pipeline_fetched(spans: CapturedSpans) -> None:
    """A search that is a pipeline of its own still gives the answer its chunks."""

    @gs.pipeline
    def search(query: str) -> list[str]:
        return retrieve(query)

    @gs.pipeline
    def ask(question: str) -> str:
        search(question)
        return generate(question)

    ask("q")

    assert _stood_on(spans) == {_id(spans.stage("retrieve")[0])}


def test_nothing_is_claimed_when_nothing_was_retrieved(spans: CapturedSpans) -> None:
    """An answer without chunks says nothing about chunks."""
    gs.pipeline(generate)("q")

    assert keys.CONTEXT_SPAN_IDS not in attributes(spans.stage("generate")[0])


def test_failed_retrieve_gives_no_chunks(spans: CapturedSpans) -> None:
    """An answer after a failed search stands on what was found before."""

    @gs.retrieve
    def broken(query: str) -> list[str]:
        raise TimeoutError(query)

    @gs.pipeline
    def ask(question: str) -> str:
        retrieve(question)
        with pytest.raises(TimeoutError):
            broken(question)
        return generate(question)

    ask("q")

    assert _stood_on(spans) == {_id(spans.stage("retrieve")[0])}


def test_empty_retrieve_is_what_the_answer_stands_on(spans: CapturedSpans) -> None:
    """Finding nothing is a finding: the answer has no ground."""

    @gs.retrieve
    def nothing(query: str) -> list[str]:
        return [] if query else [query]

    @gs.pipeline
    def ask(question: str) -> str:
        nothing(question)
        return generate(question)

    ask("q")

    assert _stood_on(spans) == {_id(spans.stage("retrieve")[0])}
    assert attributes(spans.stage("retrieve")[0])[keys.DOCUMENTS] == "[]"


def test_context_parameter_says_otherwise(spans: CapturedSpans) -> None:
    """context="hits" takes the chunks from that argument."""

    @gs.generate(context="hits")
    def ask(question: str, hits: list[str]) -> str:
        return question + hits[0]

    @gs.pipeline
    def run(question: str) -> str:
        return ask(question, [*retrieve(question), "more"])

    run("q")
    (span,) = spans.stage("generate")

    assert loaded(span, keys.CONTEXT_DOCUMENTS) == [{"content": "q"}, {"content": "more"}]
    assert keys.CONTEXT_SPAN_IDS not in attributes(span)


def test_context_function_says_otherwise(spans: CapturedSpans) -> None:
    """A function of the call's arguments gives the chunks."""

    @gs.generate(context=lambda question, store: store[question])
    def ask(question: str, store: dict[str, list[str]]) -> str:
        return store[question][0]

    ask("q", {"q": ["chunk"]})

    assert loaded(spans[0], keys.CONTEXT_DOCUMENTS) == [{"content": "chunk"}]


def test_context_of_the_with_form_is_the_chunks(spans: CapturedSpans) -> None:
    """In the with form the chunks themselves are given."""
    with gs.generate.span(prompt="q", model="m", context=["chunk"]) as span:
        span.answer("said")

    assert loaded(spans[0], keys.CONTEXT_DOCUMENTS) == [{"content": "chunk"}]


def test_relevant_ids_come_from_a_function_of_the_arguments(spans: CapturedSpans) -> None:
    """An evaluation set can be looked up by query."""
    known = {"q": [1, "b"]}

    @gs.retrieve(relevant=known.get)
    def search(query: str) -> list[str]:
        return [query]

    search("q")
    search("unknown")

    assert attributes(spans[0])[keys.RELEVANT_IDS] == ("1", "b")
    assert keys.RELEVANT_IDS not in attributes(spans[1])


def test_relevant_ids_reach_the_pipeline_from_anywhere_within(spans: CapturedSpans) -> None:
    """gs.relevant() puts them on the pipeline, however deep it is called."""

    @gs.retrieve
    def search(query: str) -> list[str]:
        gs.relevant(["a", "b"])
        return [query]

    gs.pipeline(search)("q")

    assert attributes(spans.stage("pipeline")[0])[keys.RELEVANT_IDS] == ("a", "b")
    assert keys.RELEVANT_IDS not in attributes(spans.stage("retrieve")[0])

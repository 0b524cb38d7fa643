"""LlamaIndex's own core, traced by its instrumentation handlers: models of the tests' own, an index in memory."""

import asyncio
import gc
import logging
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import groundspan as gs
import pytest
from groundspan import _runtime
from groundspan import attributes as keys
from groundspan.testing import CapturedSpans, capture_spans
from model_api import ANSWER, model_api
from opentelemetry.context import get_current
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import StatusCode, get_current_span
from sdk_support import attributes, loaded, strict_spans

pytest.importorskip("llama_index.core", reason="not part of the plain install")
pytest.importorskip("openai", reason="not part of the plain install")
pytest.importorskip("openinference.instrumentation.openai", reason="not part of the plain install")

import openai
from groundspan.integrations import _llama_index_calls, _llama_index_streams
from llama_index.core import Document, MockEmbedding, QueryBundle, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.chat_engine import ContextChatEngine
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.llms import ChatMessage, CompletionResponse, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore
from llama_index.core.tools import FunctionTool
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.span_handlers import NullSpanHandler
from openinference.instrumentation.openai import OpenAIInstrumentor

QUESTION = "How long does a refund take?"
TEXTS = ("Refunds take five days.", "Returns are free.")
WORDS = ("Five ", "days.")
COUNTS = {"prompt_tokens": 21, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 5}}
RAW = {"id": "r-1", "model": "small-2", "usage": COUNTS, "choices": [{"finish_reason": "stop"}]}
MESSAGES = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content=QUESTION)]


class SmallLLM(CustomLLM):
    """Says WORDS, whatever it is asked; asked to fail, it fails after the first."""

    model: str = "small"
    temperature: float = 0.2
    fails: bool = False

    @property
    def metadata(self) -> LLMMetadata:
        """Name the model."""
        return LLMMetadata(model_name=self.model)

    @llm_completion_callback()
    def complete(self, _prompt: str, formatted: bool = False, **_kwargs: Any) -> CompletionResponse:  # noqa: ARG002
        """Answer at once."""
        if self.fails:
            raise ConnectionError("gone")
        return CompletionResponse(text="".join(WORDS), raw=RAW)

    @llm_completion_callback()
    def stream_complete(self, _prompt: str, formatted: bool = False, **_kwargs: Any) -> Any:  # noqa: ARG002
        """Answer word by word; the counts are with the last."""

        def pieces() -> Generator[CompletionResponse, None, None]:
            said = ""
            for word in WORDS:
                said += word
                yield CompletionResponse(text=said, delta=word, raw={"id": "r-1", "model": "small-2"})
                if self.fails:
                    raise ConnectionError("gone")
            yield CompletionResponse(text=said, delta="", raw=RAW)

        return pieces()


class WaitingLLM(SmallLLM):
    """Waits for ever once it was asked."""

    @llm_completion_callback()
    async def acomplete(self, _prompt: str, formatted: bool = False, **_kwargs: Any) -> Any:  # noqa: ARG002
        """Wait."""
        await asyncio.Event().wait()

    @llm_completion_callback()
    async def astream_complete(self, _prompt: str, formatted: bool = False, **_kwargs: Any) -> Any:  # noqa: ARG002
        """Say one word and wait."""

        async def pieces() -> AsyncGenerator[CompletionResponse, None]:
            yield CompletionResponse(text=WORDS[0], delta=WORDS[0])
            await asyncio.Event().wait()

        return pieces()


def _tool_calling_model() -> Any:
    """Give LlamaIndex's own stand-in, which came with 0.14.12."""
    from llama_index.core.llms import mock

    if not hasattr(mock, "MockFunctionCallingLLM"):
        pytest.skip("this version has no model that calls functions")
    return mock.MockFunctionCallingLLM(is_chat_model=True)


class OverridingLLM(SmallLLM):
    """Hands on what the class above gives, without LlamaIndex's callbacks."""

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        """Answer word by word."""
        return super().stream_complete(prompt, formatted, **kwargs)


class SilentLLM(SmallLLM):
    """Has no callbacks: LlamaIndex sends no events."""

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:  # noqa: ARG002
        """Answer word by word."""
        return (CompletionResponse(text=word, delta=word) for word in WORDS)


class SmallOpenAILLM(SmallLLM):
    """Asks OpenAI's own client, and hands on the text alone unless *is_raw*."""

    url: str
    is_raw: bool = True

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **_kwargs: Any) -> CompletionResponse:  # noqa: ARG002
        """Answer at once."""
        with openai.OpenAI(base_url=self.url, api_key="none", max_retries=0) as client:
            asked: Any = [{"role": "user", "content": prompt}]
            completion = client.chat.completions.create(model="gpt-4o", messages=asked)
        text = completion.choices[0].message.content or ""
        return CompletionResponse(text=text, raw=completion if self.is_raw else None)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **_kwargs: Any) -> Any:  # noqa: ARG002
        """Answer piece by piece; the client is asked when the first is wanted."""

        def pieces() -> Generator[CompletionResponse, None, None]:
            said = ""
            with openai.OpenAI(base_url=self.url, api_key="none", max_retries=0) as client:
                asked: Any = [{"role": "user", "content": prompt}]
                for chunk in client.chat.completions.create(model="gpt-4o", messages=asked, stream=True):
                    delta = chunk.choices[0].delta.content or "" if chunk.choices else ""
                    said += delta
                    yield CompletionResponse(text=said, delta=delta, raw=chunk if self.is_raw else None)

        return pieces()


class AsyncOpenAILLM(SmallOpenAILLM):
    """Asks OpenAI's async client, when the first piece is wanted."""

    @llm_completion_callback()
    async def astream_complete(self, prompt: str, formatted: bool = False, **_kwargs: Any) -> Any:  # noqa: ARG002
        """Answer piece by piece."""

        async def pieces() -> AsyncGenerator[CompletionResponse, None]:
            said = ""
            async with openai.AsyncOpenAI(base_url=self.url, api_key="none", max_retries=0) as client:
                asked: Any = [{"role": "user", "content": prompt}]
                async for chunk in await client.chat.completions.create(model="gpt-4o", messages=asked, stream=True):
                    delta = chunk.choices[0].delta.content or "" if chunk.choices else ""
                    said += delta
                    yield CompletionResponse(text=said, delta=delta, raw=chunk if self.is_raw else None)

        return pieces()


@pytest.fixture
def spans(caplog: pytest.LogCaptureFixture) -> Iterator[CapturedSpans]:
    """The spans of a test, which leaves LlamaIndex and the context as they were, and nothing open."""
    root = get_dispatcher()
    handlers = [*root.span_handlers], [*root.event_handlers]
    before = get_current()
    gs.instrument("llama_index")
    try:
        with caplog.at_level(logging.WARNING), strict_spans() as captured:
            yield captured
            assert get_current_span().is_recording() is False
            assert _open_calls() == 0
    finally:
        gs.integrations.uninstrument("llama_index")
    assert get_current() == before
    assert all(after is was for after, was in zip(root.span_handlers, handlers[0], strict=True))
    assert all(after is was for after, was in zip(root.event_handlers, handlers[1], strict=True))
    assert [record.getMessage() for record in caplog.records if record.name.startswith("groundspan")] == []


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a stub of OpenAI's API."""
    with model_api() as address:
        yield address


@pytest.fixture(scope="module")
def index() -> VectorStoreIndex:
    """Two texts in memory."""
    documents = [Document(text=text, metadata={"source": f"{place}.md"}) for place, text in enumerate(TEXTS)]
    return VectorStoreIndex.from_documents(documents, embed_model=MockEmbedding(embed_dim=3))


def _open_calls() -> int:
    handlers = [each for each in get_dispatcher().span_handlers if type(each).__module__.startswith("groundspan")]
    return len(handlers[0]._calls)  # type: ignore[attr-defined]


def _engine(index: VectorStoreIndex, **options: Any) -> BaseQueryEngine:
    return index.as_query_engine(**{"llm": SmallLLM(), **options})


def _stages(spans: CapturedSpans) -> list[object]:
    return [attributes(span)[keys.STAGE] for span in spans]


def _text(span: ReadableSpan, key: str = keys.OUTPUT_MESSAGES) -> object:
    return loaded(span, key)[-1]["parts"][0]["content"]  # type: ignore[index]


def _usage(span: ReadableSpan) -> tuple[object, ...]:
    told = attributes(span)
    return tuple(told.get(key) for key in (keys.INPUT_TOKENS, keys.OUTPUT_TOKENS, keys.CACHE_READ_TOKENS))


def _parent(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def _assert_whole(spans: CapturedSpans) -> None:
    """One generate span with question, answer, model and usage."""
    (span,) = spans
    told = attributes(span)
    assert QUESTION in str(_text(span, keys.INPUT_MESSAGES))
    assert (span.name, told[keys.STAGE], _text(span)) == ("chat small", "generate", "Five days.")
    assert (told[keys.RESPONSE_MODEL], told[keys.RESPONSE_ID], told[keys.FINISH_REASONS]) == (
        "small-2",
        "r-1",
        ("stop",),
    )
    assert told[keys.REQUEST_TEMPERATURE] == 0.2
    assert _usage(span) == (21, 7, 5)


def _assert_pipeline(spans: CapturedSpans, name: str = "RetrieverQueryEngine") -> None:
    """An engine's call: what it embedded, found and generated, beneath one pipeline with question and answer."""
    embed, retrieve, generate, pipeline = spans
    assert _stages(spans) == ["embed", "retrieve", "generate", "pipeline"]
    assert pipeline.name == f"invoke_workflow {name}"
    assert (_text(pipeline, keys.INPUT_MESSAGES), _text(pipeline)) == (QUESTION, "Five days.")
    assert _parent(pipeline) is None
    assert _parent(retrieve) == _parent(generate) == pipeline.context.span_id
    assert _parent(embed) == retrieve.context.span_id
    assert attributes(generate)[keys.CONTEXT_SPAN_IDS] == (f"{retrieve.context.span_id:016x}",)
    assert _usage(generate) == (21, 7, 5)


# Models.


@pytest.mark.parametrize("is_async", [False, True])
def test_chat_is_a_generate_span(spans: CapturedSpans, is_async: bool) -> None:
    """A chat that completes a prompt beneath is one call."""
    llm = SmallLLM()
    response = asyncio.run(llm.achat(MESSAGES)) if is_async else llm.chat(MESSAGES)

    assert response.message.content == "Five days."
    _assert_whole(spans)
    assert loaded(spans[0], keys.INPUT_MESSAGES)[0]["role"] == "system"


@pytest.mark.parametrize("is_async", [False, True])
def test_completion_is_a_generate_span(spans: CapturedSpans, is_async: bool) -> None:
    """Its prompt is the user's message."""
    llm = SmallLLM()
    if is_async:
        asyncio.run(llm.acomplete(QUESTION))
    else:
        llm.complete(QUESTION)

    _assert_whole(spans)


@pytest.mark.parametrize("is_chat", [False, True])
def test_stream_is_followed_to_its_end(spans: CapturedSpans, is_chat: bool) -> None:
    """LlamaIndex ends its own span when the generator is handed out; ours ends with the stream."""
    llm = SmallLLM()
    pieces = llm.stream_chat(MESSAGES) if is_chat else llm.stream_complete(QUESTION)
    assert len(spans) == 0
    assert not get_current_span().is_recording()
    assert "".join(piece.delta or "" for piece in pieces) == "Five days."

    _assert_whole(spans)
    told = attributes(spans[0])
    assert (told[keys.STREAM_OUTCOME], told[keys.STREAM_PIECES]) == ("finished", 2)
    assert float(str(told[keys.TIME_TO_FIRST_CHUNK_S])) > 0


@pytest.mark.parametrize("is_chat", [False, True])
def test_async_stream_is_followed_to_its_end(spans: CapturedSpans, is_chat: bool) -> None:
    """A model without an async stream asks its other one, when the first piece is wanted: that is the same call."""

    async def work() -> None:
        llm = SmallLLM()
        async for _ in await (llm.astream_chat(MESSAGES) if is_chat else llm.astream_complete(QUESTION)):
            assert not get_current_span().is_recording()

    asyncio.run(work())

    _assert_whole(spans)
    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "finished"


def test_stream_of_an_overridden_method_is_followed(spans: CapturedSpans) -> None:
    """Its events are those of the method that it calls."""
    list(OverridingLLM().stream_complete(QUESTION))

    _assert_whole(spans)
    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "finished"


def test_stream_without_events_ends_when_it_is_dropped(spans: CapturedSpans) -> None:
    """Nothing is known of it."""
    pieces = SilentLLM().stream_complete(QUESTION)
    assert len(list(pieces)) == 2
    assert len(spans) == 0
    del pieces
    gc.collect()

    assert (len(spans), keys.STREAM_OUTCOME in attributes(spans[0])) == (1, False)


@pytest.mark.parametrize("way", ["closed", "dropped"])
def test_stream_that_is_left_is_stopped(spans: CapturedSpans, way: str) -> None:
    """What came is kept."""
    pieces = SmallLLM().stream_chat(MESSAGES)
    next(pieces)
    if way == "closed":
        pieces.close()
    del pieces
    gc.collect()

    assert (attributes(spans[0])[keys.STREAM_OUTCOME], _text(spans[0]), len(spans)) == ("stopped", "Five ", 1)


def test_stream_that_is_never_read_ends(spans: CapturedSpans) -> None:
    """LlamaIndex tells nothing of it."""
    pieces = SmallLLM().stream_chat(MESSAGES)
    assert len(spans) == 0
    del pieces
    gc.collect()

    assert [attributes(span)[keys.STREAM_OUTCOME] for span in spans] == ["stopped"]


def test_async_stream_that_is_left_is_stopped(spans: CapturedSpans) -> None:
    """By a break, and closed by nobody but the loop."""

    async def work() -> None:
        async for _ in await SmallLLM().astream_chat(MESSAGES):
            break

    asyncio.run(work())
    gc.collect()

    assert (attributes(spans[0])[keys.STREAM_OUTCOME], _text(spans[0]), len(spans)) == ("stopped", "Five ", 1)


def test_error_in_mid_stream_is_recorded(spans: CapturedSpans) -> None:
    """With what was received."""
    with pytest.raises(ConnectionError):
        list(SmallLLM(fails=True).stream_chat(MESSAGES))

    told = attributes(spans[0])
    assert (told[keys.STREAM_OUTCOME], told[keys.ERROR_TYPE], _text(spans[0])) == ("failed", "ConnectionError", "Five ")
    assert (len(spans), spans[0].status.status_code) == (1, StatusCode.ERROR)


@pytest.mark.parametrize("is_async", [False, True])
def test_error_passes_and_is_recorded(spans: CapturedSpans, is_async: bool) -> None:
    """On the one span that there is."""
    llm = SmallLLM(fails=True)

    def ask() -> object:
        return asyncio.run(llm.achat(MESSAGES)) if is_async else llm.chat(MESSAGES)

    with pytest.raises(ConnectionError):
        ask()

    assert (len(spans), spans[0].status.status_code) == (1, StatusCode.ERROR)
    assert attributes(spans[0])[keys.ERROR_TYPE] == "ConnectionError"


@pytest.mark.parametrize("is_stream", [False, True])
def test_cancelled_task_ends_its_span(spans: CapturedSpans, is_stream: bool) -> None:
    """Waiting for the answer, or for its next piece."""

    async def ask(waits: asyncio.Event) -> None:
        if is_stream:
            async for _ in await WaitingLLM().astream_complete(QUESTION):
                waits.set()
        else:
            waits.set()
            await WaitingLLM().acomplete(QUESTION)

    async def work() -> None:
        waits = asyncio.Event()
        task = asyncio.create_task(ask(waits))
        await waits.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())

    (span,) = spans
    if is_stream:
        assert (attributes(span)[keys.STREAM_OUTCOME], _text(span)) == ("cancelled", "Five ")
    else:
        assert "CancelledError" in str(attributes(span)[keys.ERROR_TYPE])


def test_tool_calls_of_a_message_are_read(spans: CapturedSpans) -> None:
    """Those that a model makes, and those that it is told of."""

    def lookup(order: str = "17") -> str:
        """Look an order up."""
        return f"{order} is on its way."

    tool = FunctionTool.from_defaults(lookup)
    llm = _tool_calling_model()
    response = llm.chat_with_tools([tool], user_msg="Where is it?")
    made = llm.get_tool_calls_from_response(response)[0]
    answer = ChatMessage(role="tool", content="On its way.", additional_kwargs={"tool_call_id": made.tool_id})
    llm.chat([response.message, answer])

    call = {"type": "tool_call", "name": "lookup", "arguments": {"order": "17"}, "id": made.tool_id}
    assert loaded(spans[0], keys.OUTPUT_MESSAGES) == [{"role": "assistant", "parts": [call]}]
    asked = loaded(spans[1], keys.INPUT_MESSAGES)
    assert asked[0]["parts"] == [call]
    assert asked[1]["parts"] == [{"type": "tool_call_response", "response": "On its way.", "id": made.tool_id}]


@pytest.mark.parametrize("many", [False, True])
def test_embeddings_are_an_embed_span(spans: CapturedSpans, many: bool) -> None:
    """Their number and their length, never the vectors; a batch is one span."""
    model = MockEmbedding(embed_dim=3, embed_batch_size=1, model_name="tiny")
    if many:
        model.get_text_embedding_batch(["a", "b"])
    else:
        asyncio.run(model.aget_query_embedding("a"))

    told = attributes(spans[0])
    assert (len(spans), spans[0].name, told[keys.STAGE]) == (1, "embeddings tiny", "embed")
    assert (told[keys.EMBEDDING_COUNT], told[keys.EMBEDDING_DIMENSION]) == (1 + many, 3)


# Retrievers, rerankers, tools.


@pytest.mark.parametrize("is_async", [False, True])
def test_retriever_is_a_retrieve_span(spans: CapturedSpans, index: VectorStoreIndex, is_async: bool) -> None:
    """Its query, how many chunks were wanted, and those that came."""
    retriever = index.as_retriever(similarity_top_k=2)
    query = QueryBundle(QUESTION)
    found = asyncio.run(retriever.aretrieve(query)) if is_async else retriever.retrieve(query)

    (span,) = spans.stage("retrieve")
    assert (attributes(span)[keys.QUERY], attributes(span)[keys.TOP_K]) == (QUESTION, 2)
    documents = loaded(span, keys.DOCUMENTS)
    assert [each["id"] for each in documents] == [hit.node.node_id for hit in found]
    assert {str(each["content"]) for each in documents} == set(TEXTS)
    assert {str(each["metadata"]) for each in documents} == {"{'source': '0.md'}", "{'source': '1.md'}"}
    assert all(isinstance(each["score"], float) for each in documents)


class FirstRetriever(BaseRetriever):
    """Asks others, and gives the first chunk of each."""

    others: list[BaseRetriever]

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [other.retrieve(query_bundle)[0] for other in self.others]


def test_retriever_that_asks_others_is_one_span(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """The outermost one: what it gives is what an answer stands on. LlamaIndex embeds a query once."""
    retriever = FirstRetriever()
    retriever.others = [index.as_retriever(), index.as_retriever()]
    retriever.retrieve(QUESTION)

    assert _stages(spans) == ["embed", "retrieve"]
    assert len(loaded(spans[1], keys.DOCUMENTS)) == 1


class Reversed(BaseNodePostprocessor):
    """Reranks by turning the order around, with the events that rerankers send; told to fail, it fails between."""

    fails: bool = False

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        get_dispatcher().event(ReRankStartEvent(query=query_bundle, nodes=nodes, top_n=2, model_name="turner"))
        if self.fails:
            raise ConnectionError("gone")
        get_dispatcher().event(ReRankEndEvent(nodes=nodes[::-1]))
        return nodes[::-1]


def test_reranker_is_a_rerank_span(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """The answer stands on its chunks."""
    _engine(index, node_postprocessors=[Reversed()]).query(QUESTION)

    assert _stages(spans) == ["embed", "retrieve", "rerank", "generate", "pipeline"]
    _, retrieve, rerank, generate, _ = spans
    assert (rerank.name, attributes(rerank)[keys.QUERY], attributes(rerank)[keys.TOP_K]) == (
        "rerank turner",
        QUESTION,
        2,
    )
    order = [each["id"] for each in loaded(retrieve, keys.DOCUMENTS)]
    assert [each["id"] for each in loaded(rerank, keys.DOCUMENTS)] == order[::-1]
    assert attributes(generate)[keys.CONTEXT_SPAN_IDS] == (f"{rerank.context.span_id:016x}",)


def test_reranker_that_fails_ends_its_span(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """And the pipeline with it."""
    with pytest.raises(ConnectionError):
        _engine(index, node_postprocessors=[Reversed(fails=True)]).query(QUESTION)

    assert _stages(spans) == ["embed", "retrieve", "rerank", "pipeline"]
    assert [span.status.status_code for span in spans][2:] == [StatusCode.ERROR, StatusCode.ERROR]


def lookup(order: str) -> str:
    """Look an order up."""
    return f"{order} is on its way."


@pytest.mark.parametrize("is_decorated", [False, True])
@pytest.mark.parametrize("is_async", [False, True])
def test_tool_is_one_tool_span(spans: CapturedSpans, is_decorated: bool, is_async: bool) -> None:
    """Its name, arguments and result; a function that is decorated makes the span itself."""
    tool = FunctionTool.from_defaults(gs.tool(lookup) if is_decorated else lookup)
    output = asyncio.run(tool.acall(order="17")) if is_async else tool(order="17")

    assert output.content == "17 is on its way."
    told = attributes(spans[0])
    assert (len(spans), spans[0].name) == (1, "execute_tool lookup")
    assert (told[keys.TOOL_ARGUMENTS], told[keys.TOOL_RESULT]) == ('{"order":"17"}', "17 is on its way.")


# Engines.


@pytest.mark.parametrize("is_async", [False, True])
def test_query_engine_is_a_pipeline(spans: CapturedSpans, index: VectorStoreIndex, is_async: bool) -> None:
    """With all that it does beneath it; synthesizers make no span."""
    engine = _engine(index)
    response = asyncio.run(engine.aquery(QUESTION)) if is_async else engine.query(QUESTION)

    assert str(response) == "Five days."
    _assert_pipeline(spans)


def test_streaming_query_engine_ends_with_its_answer(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """The answer's object is the one that LlamaIndex made."""
    response: Any = _engine(index, streaming=True).query(QUESTION)
    assert _stages(spans) == ["embed", "retrieve"]
    assert "".join(response.response_gen) == "Five days."

    _assert_pipeline(spans)
    assert [attributes(span)[keys.STREAM_OUTCOME] for span in spans[2:]] == ["finished", "finished"]


def test_streaming_async_query_engine_ends_with_its_answer(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """The same of an async one."""

    async def work() -> None:
        response: Any = await _engine(index, streaming=True, use_async=True).aquery(QUESTION)
        assert str(await response.get_response()) == "Five days."

    asyncio.run(work())

    _assert_pipeline(spans)


def test_streaming_query_engine_that_is_left_is_stopped(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """The model's stream and the pipeline around it."""
    response: Any = _engine(index, streaming=True).query(QUESTION)
    next(response.response_gen)
    response.response_gen.close()
    del response
    gc.collect()

    assert sorted(map(str, _stages(spans)[2:])) == ["generate", "pipeline"]
    assert [attributes(span)[keys.STREAM_OUTCOME] for span in spans[2:]] == ["stopped", "stopped"]


def _chat_engine(index: VectorStoreIndex) -> ContextChatEngine:
    memory = ChatMemoryBuffer.from_defaults(token_limit=3000)
    return ContextChatEngine.from_defaults(retriever=index.as_retriever(), llm=SmallLLM(), memory=memory)


@pytest.mark.parametrize("way", ["chat", "achat", "stream_chat", "astream_chat"])
def test_chat_engine_is_a_pipeline(spans: CapturedSpans, index: VectorStoreIndex, way: str) -> None:
    """A streamed answer is written by a thread or a task of LlamaIndex's, and the pipeline ends with that."""
    engine = _chat_engine(index)

    async def work() -> None:
        if way == "achat":
            await engine.achat(QUESTION)
        else:
            async for _ in (await engine.astream_chat(QUESTION)).async_response_gen():
                pass

    if way == "chat":
        engine.chat(QUESTION)
    elif way == "stream_chat":
        assert "".join(engine.stream_chat(QUESTION).response_gen) == "Five days."
    else:
        asyncio.run(work())

    _assert_pipeline(spans, "ContextChatEngine")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_agent_is_a_pipeline(spans: CapturedSpans) -> None:
    """Its model's calls and its tools' are beneath it, in tasks of their own."""

    async def work() -> None:
        tool = FunctionTool.from_defaults(lambda order="17": f"{order} is on its way.", name="lookup")
        agent = FunctionAgent(tools=[tool], llm=_tool_calling_model())
        await agent.run("Where is it?")

    asyncio.run(work())

    assert _stages(spans) == ["generate", "tool", "generate", "pipeline"]
    assert {_parent(span) for span in spans[:3]} == {spans[3].context.span_id}
    assert (_text(spans[3], keys.INPUT_MESSAGES), _text(spans[3])) == ("Where is it?", "Tool calls complete.")


class FutureAgent(FunctionAgent):
    """An agent whose run is a future, as it was in older versions of LlamaIndex's workflows."""

    @get_dispatcher(__name__).span
    def run(self, *_args: Any, user_msg: Any = None, **_kwargs: Any) -> Any:
        """Ask the model in a task of its own."""

        async def answer() -> str:
            return str(await self.llm.acomplete(str(user_msg)))

        return asyncio.ensure_future(answer())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("fails", [False, True])
def test_run_that_is_a_future_leaves_the_context_as_it_was(spans: CapturedSpans, fails: bool) -> None:
    """LlamaIndex tells of its end in a copy of the context; the next run is a pipeline too."""

    async def work() -> None:
        before = get_current()
        for _ in range(2):
            try:
                await FutureAgent(llm=SmallLLM(fails=fails)).run(user_msg=QUESTION)
            except ConnectionError:
                assert fails
            assert get_current() == before

    asyncio.run(work())

    assert _stages(spans) == ["generate", "pipeline"] * 2
    assert [_parent(span) for span in spans.stage("pipeline")] == [None, None]


def test_threads_of_their_own_keep_their_parents(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """Engines that are asked at the same time are traces of their own."""
    engine = _engine(index)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(engine.query, [QUESTION] * 8))

    by_trace: dict[int, list[object]] = {}
    for span in spans:
        by_trace.setdefault(span.context.trace_id, []).append(attributes(span)[keys.STAGE])
    assert list(by_trace.values()) == [["embed", "retrieve", "generate", "pipeline"]] * 8


def test_error_in_mid_stream_shows_the_host_its_own_frames(spans: CapturedSpans) -> None:
    """Not those of who looked on."""
    with pytest.raises(ConnectionError) as told:
        list(SmallLLM(fails=True).stream_complete(QUESTION))

    assert len(spans) == 1
    modules = [str(entry.frame.f_globals["__name__"]) for entry in told.traceback]
    assert not any(module.startswith("groundspan.") for module in modules)


def test_decorated_reranker_is_the_only_one(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """What it returns is its result."""
    found = index.as_retriever().retrieve(QUESTION)

    @gs.rerank
    def best(question: str) -> list[NodeWithScore]:
        return Reversed().postprocess_nodes(found, query_str=question)[:1]

    best(QUESTION)

    assert _stages(spans) == ["embed", "retrieve", "rerank"]
    assert len(loaded(spans[2], keys.DOCUMENTS)) == 1


def test_engines_at_the_same_time_keep_their_parents(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """In tasks of one loop."""

    async def work() -> None:
        await asyncio.gather(*(_engine(index).aquery(QUESTION) for _ in range(4)))

    asyncio.run(work())

    assert len({span.context.trace_id for span in spans}) == 4
    assert all(_parent(span) is None for span in spans.stage("pipeline"))
    assert len(spans.stage("pipeline")) == 4


# Under a decorator.


def test_decorated_pipeline_is_the_only_one(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """The engine's parts stand in it."""

    @gs.pipeline
    def ask(question: str) -> str:
        return str(_engine(index).query(question))

    ask(QUESTION)

    _assert_pipeline(spans, "ask")


def test_decorated_retriever_is_the_only_one(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """It has the chunks of the call inside it, where it returns none itself."""

    @gs.retrieve
    def search(question: str) -> int:
        return len(index.as_retriever().retrieve(question))

    search(QUESTION)

    assert _stages(spans) == ["embed", "retrieve"]
    assert len(loaded(spans[1], keys.DOCUMENTS)) == 2


@pytest.mark.parametrize("is_stream", [False, True])
def test_decorated_generate_has_the_only_span(spans: CapturedSpans, is_stream: bool) -> None:
    """It has the model and the usage of the call inside it, and its own text."""

    @gs.generate
    def complete(question: str) -> str:
        asked = [ChatMessage(role="user", content=question)]
        if is_stream:
            return f"{[piece.message.content for piece in SmallLLM().stream_chat(asked)][-1]} Thank you."
        return f"{SmallLLM().chat(asked).message.content} Thank you."

    complete(QUESTION)

    assert (len(spans), _text(spans[0]), _usage(spans[0])) == (1, "Five days. Thank you.", (21, 7, 5))
    assert attributes(spans[0])[keys.RESPONSE_MODEL] == "small-2"


def test_calls_inside_one_decorated_function_are_added_up(spans: CapturedSpans) -> None:
    """All of them are paid, each once."""

    @gs.generate
    def complete(question: str) -> str:
        for _ in range(3):
            SmallLLM().chat([ChatMessage(role="user", content=question)])
        return "Yes."

    complete(QUESTION)

    assert (len(spans), _usage(spans[0])) == (1, (63, 21, 15))


# Beside others.


@pytest.fixture
def with_openai(spans: CapturedSpans) -> Iterator[CapturedSpans]:
    """OpenAI's client is traced too."""
    gs.instrument("openai")
    yield spans
    gs.integrations.uninstrument("openai")


@pytest.mark.parametrize("is_raw", [False, True])
@pytest.mark.parametrize("way", ["chat", "achat", "stream_chat", "astream_chat"])
def test_client_s_call_inside_is_no_second_span(with_openai: CapturedSpans, url: str, way: str, is_raw: bool) -> None:
    """Its usage is there once, whether the model hands the client's response on or not."""
    llm = SmallOpenAILLM(url=url, is_raw=is_raw)

    async def work() -> None:
        if way == "achat":
            await llm.achat(MESSAGES)
        else:
            async for _ in await llm.astream_chat(MESSAGES):
                pass

    if way == "chat":
        llm.chat(MESSAGES)
    elif way == "stream_chat":
        list(llm.stream_chat(MESSAGES))
    else:
        asyncio.run(work())

    (span,) = with_openai
    assert (_text(span), _usage(span)) == (ANSWER, (1000, 100, 400))
    assert attributes(span)[keys.RESPONSE_MODEL] == "gpt-4o-2024-08-06"


@pytest.mark.parametrize("is_raw", [False, True])
def test_async_client_s_call_inside_a_stream_is_no_second_span(
    with_openai: CapturedSpans, url: str, is_raw: bool
) -> None:
    """It is made when LlamaIndex's own span has ended, in the consumer's context."""

    async def work() -> None:
        async def read() -> None:
            async for _ in await AsyncOpenAILLM(url=url, is_raw=is_raw).astream_complete(QUESTION):
                pass

        await asyncio.gather(*(read() for _ in range(3)))

    asyncio.run(work())

    assert [_usage(span) for span in with_openai] == [(1000, 100, 400)] * 3
    assert {_text(span) for span in with_openai} == {ANSWER}


@pytest.mark.parametrize("is_raw", [False, True])
def test_client_s_call_inside_a_decorated_function_is_counted_once(
    with_openai: CapturedSpans, url: str, is_raw: bool
) -> None:
    """Three deep, and paid once."""

    @gs.generate
    def complete(question: str) -> str:
        llm = SmallOpenAILLM(url=url, is_raw=is_raw)
        return str(llm.chat([ChatMessage(role="user", content=question)]).message.content)

    complete(QUESTION)

    assert (len(with_openai), _usage(with_openai[0])) == (1, (1000, 100, 400))


def test_client_s_call_beside_has_a_span_of_its_own(with_openai: CapturedSpans, url: str) -> None:
    """What the consumer of a stream does between two pieces is no part of it."""
    for _ in SmallLLM().stream_complete(QUESTION):
        SmallOpenAILLM(url=url).complete(QUESTION)

    assert _stages(with_openai) == ["generate"] * 4
    assert {_parent(span) for span in with_openai} == {None}


def test_no_second_span_beside_openinference_s_client(spans: CapturedSpans, url: str) -> None:
    """It traces the client's request, and the tokens are on its span."""
    OpenAIInstrumentor().instrument(tracer_provider=TracerProvider(shutdown_on_exit=False))
    try:
        SmallOpenAILLM(url=url).chat(MESSAGES)
        SmallLLM().chat(MESSAGES)
    finally:
        OpenAIInstrumentor().uninstrument()

    assert [span.name for span in spans] == ["chat small"]
    assert _usage(spans[0]) == (21, 7, 5)


def test_nothing_is_traced_beside_another_s_handler(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """OpenInference's and OpenLLMetry's instrumentations of LlamaIndex have handlers of their own."""
    theirs = type("Theirs", (NullSpanHandler,), {"__module__": "openinference.instrumentation.llama_index._handler"})()
    root = get_dispatcher()
    root.add_span_handler(theirs)
    _engine(index).query(QUESTION)
    root.span_handlers[:] = [each for each in root.span_handlers if each is not theirs]
    assert len(spans) == 0
    SmallLLM().complete(QUESTION)

    assert len(spans) == 1


def test_no_second_span_under_another_library_s_chat_span(spans: CapturedSpans) -> None:
    """Whoever makes a span for this very call."""
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("framework")
    with tracer.start_as_current_span("theirs", attributes={keys.OPERATION: "chat"}):
        SmallLLM().chat(MESSAGES)

    assert len(spans) == 0


# Setting up.


def test_nothing_is_traced_after_the_undoing(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """A stream that is open then ends."""
    pieces = SmallLLM().stream_complete(QUESTION)
    next(pieces)
    root = get_dispatcher()
    before = len(root.span_handlers), len(root.event_handlers)
    gs.integrations.uninstrument("llama_index")
    assert (len(root.span_handlers), len(root.event_handlers)) == (before[0] - 1, before[1] - 1)
    assert len(spans) == 1
    list(pieces)
    _engine(index).query(QUESTION)
    gs.instrument("llama_index")

    assert len(spans) == 1


def test_nothing_is_traced_without_a_runtime(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """Disabled, or before init()."""
    before = _runtime.install(None)
    _engine(index, streaming=True).query(QUESTION)
    _runtime.install(before)

    assert (len(spans), _open_calls()) == (0, 0)


def test_no_content_leaves_the_texts_out(spans: CapturedSpans, index: VectorStoreIndex) -> None:
    """Ids, scores and counts stay."""
    runtime = _runtime.current()
    assert runtime is not None
    bare = _runtime.Runtime(runtime.tracer, runtime.max_content_chars, "no_content", contents=spans.contents)
    before = _runtime.install(bare)
    _engine(index).query(QUESTION)
    _runtime.install(before)

    written = str([dict(attributes(span)) for span in spans])
    assert not any(text in written for text in (QUESTION, "Five days.", *TEXTS))
    assert _usage(spans[2]) == (21, 7, 5)
    assert set(loaded(spans[1], keys.DOCUMENTS)[0]) == {"id", "score"}


@pytest.mark.parametrize("is_stream", [False, True])
def test_calls_that_never_end_are_bounded(
    spans: CapturedSpans, monkeypatch: pytest.MonkeyPatch, is_stream: bool
) -> None:
    """The oldest ends where there are too many."""
    monkeypatch.setattr(_llama_index_calls, "_MOST_OPEN", 2)
    monkeypatch.setattr(_llama_index_streams, "_MOST_OPEN", 2)

    async def work() -> None:
        llm = WaitingLLM()
        streams = [await llm.astream_complete(QUESTION) for _ in range(4)] if is_stream else []
        tasks = [] if is_stream else [asyncio.create_task(llm.acomplete(QUESTION)) for _ in range(4)]
        await asyncio.sleep(0)
        assert (len(spans), _open_calls()) == (2, 2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for stream in streams:
            await stream.aclose()

    asyncio.run(work())
    gc.collect()

    assert len(spans) == 4


def test_shut_down_dispatcher_ends_what_is_open(spans: CapturedSpans) -> None:
    """LlamaIndex closes its handlers then."""
    pieces = SmallLLM().stream_complete(QUESTION)
    get_dispatcher().shutdown()

    assert (len(spans), _open_calls()) == (1, 0)
    list(pieces)


@pytest.mark.parametrize(
    ("broken", "failed"),
    [
        ("_llama_index_calls.work_of", "start a span for LlamaIndex"),
        ("_llama_index_answers.provider", "end a span for LlamaIndex"),
    ],
)
def test_call_that_cannot_be_read_goes_through(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, broken: str, failed: str
) -> None:
    """An error of ours is told once, and is not the host's; its context is as it was."""
    monkeypatch.setattr(f"groundspan.integrations.{broken}", lambda *_given: 1 / 0)
    before = get_current()
    gs.instrument("llama_index")
    try:
        with capture_spans() as spans:
            response = SmallLLM().complete(QUESTION)
            assert "".join(piece.delta or "" for piece in SmallLLM().stream_complete(QUESTION)) == "Five days."
            assert _open_calls() == 0
    finally:
        gs.integrations.uninstrument("llama_index")

    assert (response.text, get_current()) == ("Five days.", before)
    assert len(spans) == (2 if "provider" in broken else 0)
    assert f"failed to {failed}" in caplog.text


def test_instrumenting_does_not_import_the_core() -> None:
    """It takes a second: the host imports it when it needs it."""
    sdk = str(Path(gs.__file__).parents[1])
    program = "import groundspan as gs; gs.instrument('llama_index'); print('llama_index.core' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {sdk!r}); {program}"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (ran.stdout.strip(), ran.stderr) == ("False", "")

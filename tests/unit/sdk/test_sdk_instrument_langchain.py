"""LangChain's runs, traced by a callback handler, with the real langchain-core."""

import asyncio
import copy
import logging
import pickle
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextvars import copy_context
from typing import Any
from uuid import UUID, uuid4

import groundspan as gs
import pytest
from groundspan import _runtime
from groundspan import attributes as keys
from groundspan.testing import CapturedSpans, capture_spans
from model_api import ANSWER, model_api
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import StatusCode, get_current_span
from sdk_support import attributes, loaded, strict_spans

pytest.importorskip("langchain_core", reason="not part of the plain install")
pytest.importorskip("openai", reason="not part of the plain install")
pytest.importorskip("wrapt", reason="not part of the plain install")
pytest.importorskip("openinference.instrumentation.openai", reason="not part of the plain install")

import openai
import wrapt
from groundspan.integrations import _langchain_handler, _langchain_runs
from langchain_core.callbacks import BaseCallbackManager
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_core.tools import StructuredTool, tool
from openinference.instrumentation.openai import OpenAIInstrumentor

DEADLINE_S = 10
QUESTION = "May I return it?"
USAGE = {
    "input_tokens": 1000,
    "output_tokens": 100,
    "total_tokens": 1100,
    "input_token_details": {"cache_read": 400, "cache_creation": 10},
    "output_token_details": {"reasoning": 20},
}
SAID = {"model_name": "gpt-4o-2024-08-06", "finish_reason": "stop", "id": "chatcmpl-1"}


class Model(BaseChatModel):
    """A model that says ANSWER, whole or word by word."""

    model_name: str = "gpt-4o"
    temperature: float = 0.2
    max_tokens: int = 64
    broken_after: int | None = None
    """How many words come before it fails."""

    @property
    def _llm_type(self) -> str:
        return "chat-test"

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return super()._get_ls_params(stop, **kwargs) | {"ls_provider": "openai"}

    def _generate(self, *_args: Any, **_kwargs: Any) -> ChatResult:
        if self.broken_after is not None:
            raise OSError("no such model")
        said = AIMessage(ANSWER, usage_metadata=USAGE, response_metadata=SAID)
        return ChatResult(generations=[ChatGeneration(message=said)])

    def _stream(self, *_args: Any, **_kwargs: Any) -> Iterator[ChatGenerationChunk]:
        words = ANSWER.split(" ")
        for number, word in enumerate(words):
            if number == self.broken_after:
                raise OSError("broken")
            said = AIMessageChunk(content=word if number == 0 else f" {word}")
            yield ChatGenerationChunk(message=said)
        last: Any = {"usage_metadata": USAGE, "response_metadata": SAID}
        yield ChatGenerationChunk(message=AIMessageChunk(content="", **last))


class Client(Model):
    """A model that asks OpenAI's client, as langchain-openai does."""

    url: str

    def _generate(self, messages: list[BaseMessage], *_args: Any, **_kwargs: Any) -> ChatResult:
        with openai.OpenAI(base_url=self.url, api_key="none") as client:
            said = client.chat.completions.create(model="gpt-4o", messages=_asked(messages))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(str(said.choices[0].message.content)))])

    async def _agenerate(self, messages: list[BaseMessage], *_args: Any, **_kwargs: Any) -> ChatResult:
        async with openai.AsyncOpenAI(base_url=self.url, api_key="none") as client:
            said = await client.chat.completions.create(model="gpt-4o", messages=_asked(messages))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(str(said.choices[0].message.content)))])

    def _stream(self, messages: list[BaseMessage], *_args: Any, **_kwargs: Any) -> Iterator[ChatGenerationChunk]:
        with openai.OpenAI(base_url=self.url, api_key="none") as client:
            for chunk in client.chat.completions.create(model="gpt-4o", messages=_asked(messages), stream=True):
                if chunk.choices:
                    yield ChatGenerationChunk(message=AIMessageChunk(content=chunk.choices[0].delta.content or ""))


class Telling(Client):
    """A model that asks OpenAI's client, and tells the usage too."""

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        result = super()._generate(*args, **kwargs)
        result.generations[0].message = AIMessage(ANSWER, usage_metadata=USAGE)
        return result


class Waiting(Model):
    """A model that never answers."""

    async def _agenerate(self, *_args: Any, **_kwargs: Any) -> ChatResult:
        await asyncio.Event().wait()
        raise AssertionError


class Handbook(BaseRetriever):
    """Finds two chunks."""

    def _get_relevant_documents(self, *_args: Any, **_kwargs: Any) -> list[Document]:
        return [
            Document("Refunds take five days.", metadata={"score": 0.8, "_id": "h-1", "page": 3}),
            Document("Returns are free.", id="h-2"),
        ]


class Waits(Handbook):
    """Finds nothing, ever."""

    async def _aget_relevant_documents(self, *_args: Any, **_kwargs: Any) -> list[Document]:
        await asyncio.Event().wait()
        raise AssertionError


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@gs.tool
def look(text: str) -> str:
    """A decorated function, beneath LangChain's own runs."""
    return text


PROMPT = ChatPromptTemplate.from_messages([("system", "Use: {context}"), ("user", "{question}")])
CHAIN: Any = {"context": Handbook(), "question": RunnablePassthrough()} | PROMPT | Model() | StrOutputParser()


@pytest.fixture
def spans(caplog: pytest.LogCaptureFixture) -> Iterator[CapturedSpans]:
    """The spans of a test, which leaves LangChain and the context as they were, and nothing to complain of."""
    before = dict(copy_context())
    gs.instrument("langchain")
    try:
        with caplog.at_level(logging.WARNING), strict_spans() as captured:
            yield captured
            assert get_current_span().is_recording() is False
    finally:
        gs.integrations.uninstrument("langchain")
    assert dict(copy_context()) == before
    assert [record.getMessage() for record in caplog.records if record.name.startswith(("groundspan", "lang"))] == []
    assert len(_langchain_handler.handler().runs) == 0


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a stub of OpenAI's API."""
    with model_api() as address:
        yield address


@pytest.fixture
def openai_too() -> Iterator[None]:
    """OpenAI's client is instrumented as well."""
    gs.instrument("openai")
    yield
    gs.integrations.uninstrument("openai")


def _asked(messages: list[BaseMessage]) -> Any:
    return [{"role": "user", "content": message.content} for message in messages]


def _run(work: Callable[[], Any]) -> Any:
    """Run async work, and see that it leaves its task's context as it was."""

    async def run() -> Any:
        before = dict(copy_context())
        result = await work()
        assert dict(copy_context()) == before
        return result

    return asyncio.run(run())


async def _list(stream: AsyncIterator[Any]) -> list[Any]:
    return [piece async for piece in stream]


def _text(span: ReadableSpan, key: str = keys.OUTPUT_MESSAGES) -> object:
    return loaded(span, key)[-1]["parts"][0]["content"]  # type: ignore[index]


def _parents(spans: CapturedSpans) -> Mapping[str, str | None]:
    """Each span's name -> its parent's."""
    names = {span.context.span_id: span.name for span in spans}
    return {span.name: names[span.parent.span_id] if span.parent else None for span in spans}


def _assert_answered(span: ReadableSpan) -> None:
    """A generate span with all that a model tells."""
    told = attributes(span)
    assert (span.name, told[keys.STAGE], told[keys.PROVIDER]) == ("chat gpt-4o", "generate", "openai")
    assert _text(span) == ANSWER
    assert (told[keys.INPUT_TOKENS], told[keys.OUTPUT_TOKENS], told[keys.REASONING_TOKENS]) == (1000, 100, 20)
    assert (told[keys.CACHE_READ_TOKENS], told[keys.CACHE_WRITE_TOKENS]) == (400, 10)
    assert (told[keys.RESPONSE_MODEL], told[keys.RESPONSE_ID]) == ("gpt-4o-2024-08-06", "chatcmpl-1")
    assert (told[keys.FINISH_REASONS], told[keys.TOKENS_SOURCE]) == (("stop",), "provider")
    assert (told[keys.REQUEST_TEMPERATURE], told[keys.REQUEST_MAX_TOKENS]) == (0.2, 64)


def _assert_chain(spans: CapturedSpans) -> None:
    """A retrieve, an answer that stands on it, and the pipeline around both."""
    fetched, chat, pipeline = spans
    assert _parents(spans) == {
        "retrieval Handbook": "invoke_workflow RunnableSequence",
        "chat gpt-4o": "invoke_workflow RunnableSequence",
        "invoke_workflow RunnableSequence": None,
    }
    assert attributes(fetched)[keys.QUERY] == QUESTION
    assert attributes(chat)[keys.CONTEXT_SPAN_IDS] == (f"{fetched.context.span_id:016x}",)
    assert (_text(pipeline, keys.INPUT_MESSAGES), _text(pipeline)) == (QUESTION, ANSWER)
    _assert_answered(chat)


def test_model_is_a_generate_span(spans: CapturedSpans) -> None:
    """With how it was asked, what it said, and at what cost."""
    assert Model().invoke([("system", "Be brief."), ("user", QUESTION)]).content == ANSWER

    assert len(spans) == 1
    _assert_answered(spans[0])
    assert [message["role"] for message in loaded(spans[0], keys.INPUT_MESSAGES)] == ["system", "user"]
    assert _text(spans[0], keys.INPUT_MESSAGES) == QUESTION


def test_async_model_is_a_generate_span(spans: CapturedSpans) -> None:
    """Awaited, the same."""
    _run(lambda: Model().ainvoke(QUESTION))

    assert len(spans) == 1
    _assert_answered(spans[0])


def test_model_stream_is_followed_to_its_end(spans: CapturedSpans) -> None:
    """When its pieces came, its usage, and never the current span of who reads it."""
    for _ in Model().stream(QUESTION):
        assert get_current_span().is_recording() is False

    _assert_answered(spans[0])
    told = attributes(spans[0])
    assert (told[keys.STREAM_OUTCOME], told[keys.STREAM_PIECES]) == ("finished", len(ANSWER.split(" ")))
    assert float(str(told[keys.TIME_TO_FIRST_CHUNK_S])) > 0


def test_async_model_stream_is_followed_to_its_end(spans: CapturedSpans) -> None:
    """Awaited, the same."""

    async def read() -> None:
        async for _ in Model().astream(QUESTION):
            assert get_current_span().is_recording() is False

    _run(read)

    _assert_answered(spans[0])
    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "finished"


def test_model_stream_that_is_left_is_stopped(spans: CapturedSpans) -> None:
    """What came is kept."""
    stream = Model().stream(QUESTION)
    next(stream)
    stream.close()  # type: ignore[attr-defined] # it is a generator

    assert (attributes(spans[0])[keys.STREAM_OUTCOME], _text(spans[0])) == ("stopped", "Goods")
    assert spans[0].status.status_code is StatusCode.UNSET


def test_model_stream_that_breaks_has_failed(spans: CapturedSpans) -> None:
    """With what came, and the error."""
    with pytest.raises(OSError, match="broken"):
        list(Model(broken_after=2).stream(QUESTION))

    told = attributes(spans[0])
    assert (told[keys.STREAM_OUTCOME], told[keys.ERROR_TYPE], _text(spans[0])) == ("failed", "OSError", "Goods may")


def test_model_that_fails_is_an_error(spans: CapturedSpans) -> None:
    """The exception is the caller's, and on every span it passed."""
    with pytest.raises(OSError, match="no such model"):
        (PROMPT | Model(broken_after=0)).invoke({"context": "", "question": QUESTION})

    assert [attributes(span)[keys.ERROR_TYPE] for span in spans] == ["OSError", "OSError"]
    assert [span.status.status_code for span in spans] == [StatusCode.ERROR] * 2
    assert _text(spans[1], keys.INPUT_MESSAGES) == QUESTION


def test_plain_llm_is_a_generate_span(spans: CapturedSpans) -> None:
    """A model that takes and gives text."""
    FakeListLLM(responses=[ANSWER]).invoke(QUESTION)

    assert (_text(spans[0], keys.INPUT_MESSAGES), _text(spans[0])) == (QUESTION, ANSWER)


def test_several_prompts_in_one_call_are_spans_beside_each_other(spans: CapturedSpans) -> None:
    """generate() begins all of them before any is answered."""
    Model().generate([[HumanMessage("One?")], [HumanMessage("Two?")]])
    _run(lambda: Model().agenerate([[HumanMessage("Three?")], [HumanMessage("Four?")]]))

    assert [_text(span, keys.INPUT_MESSAGES) for span in spans] == ["One?", "Two?", "Three?", "Four?"]
    assert [span.parent for span in spans] == [None] * 4


def test_model_batch_is_spans_beside_each_other(spans: CapturedSpans) -> None:
    """In threads, and in tasks."""
    Model().batch([QUESTION, QUESTION])
    _run(lambda: Model().abatch([QUESTION, QUESTION]))

    assert [span.parent for span in spans] == [None] * 4
    for span in spans:
        _assert_answered(span)


def test_retriever_is_a_retrieve_span(spans: CapturedSpans) -> None:
    """Its documents are chunks, with the score and the id that their metadata holds."""
    Handbook().invoke(QUESTION)
    _run(lambda: Handbook().ainvoke(QUESTION))

    assert [span.name for span in spans] == ["retrieval Handbook"] * 2
    for span in spans:
        first, second = loaded(span, keys.DOCUMENTS)
        assert (first["content"], first["id"], first["score"]) == ("Refunds take five days.", "h-1", 0.8)
        assert first["metadata"] == {"score": 0.8, "_id": "h-1", "page": 3}
        assert second == {"content": "Returns are free.", "id": "h-2"}


def test_tool_is_a_tool_span(spans: CapturedSpans) -> None:
    """Called with arguments, and as a model calls it."""
    add.invoke({"a": 1, "b": 2})
    _run(lambda: add.ainvoke({"type": "tool_call", "id": "call_1", "name": "add", "args": {"a": 1, "b": 2}}))

    assert [span.name for span in spans] == ["execute_tool add"] * 2
    for span in spans:
        assert (attributes(span)[keys.TOOL_ARGUMENTS], attributes(span)[keys.TOOL_RESULT]) == ('{"a":1,"b":2}', "3")


def test_decorated_function_that_is_a_tool_is_one_span(spans: CapturedSpans) -> None:
    """The decorator's; sync, async, and in the pipeline around it."""

    @gs.tool
    async def look_async(text: str) -> str:
        return text

    lookup = StructuredTool.from_function(func=look, coroutine=look_async, name="look", description="Look.")
    RunnableLambda(lambda text: lookup.invoke({"text": text}), name="ask").invoke(QUESTION)
    _run(lambda: lookup.ainvoke({"text": QUESTION}))

    assert _parents(spans) == {
        "execute_tool look": "invoke_workflow ask",
        "execute_tool look_async": None,
        "invoke_workflow ask": None,
    }
    assert len(spans) == 3


def test_agent_that_is_a_tool_has_tools(spans: CapturedSpans) -> None:
    """They are spans of their own, beneath it."""

    @tool
    def colleague(question: str) -> str:
        """Ask somebody else."""
        look(question)
        return str(add.invoke({"a": len(question), "b": 2}))

    colleague.invoke({"question": QUESTION})

    assert _parents(spans) == {
        "execute_tool look": "execute_tool colleague",
        "execute_tool add": "execute_tool colleague",
        "execute_tool colleague": None,
    }
    assert attributes(spans[-1])[keys.TOOL_RESULT] == str(len(QUESTION) + 2)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: CHAIN.invoke(QUESTION),
        lambda: "".join(CHAIN.stream(QUESTION)),
        lambda: _run(lambda: CHAIN.ainvoke(QUESTION)),
        lambda: _run(lambda: _list(CHAIN.astream(QUESTION))),
    ],
    ids=["invoke", "stream", "ainvoke", "astream"],
)
def test_outermost_chain_is_the_pipeline(spans: CapturedSpans, ask: Callable[[], object]) -> None:
    """However it is asked."""
    ask()

    _assert_chain(spans)


@pytest.mark.parametrize(
    "ask",
    [lambda: CHAIN.batch(["One?", "Two?"]), lambda: _run(lambda: CHAIN.abatch(["One?", "Two?"]))],
    ids=["batch", "abatch"],
)
def test_chain_batch_is_pipelines_beside_each_other(spans: CapturedSpans, ask: Callable[[], object]) -> None:
    """Each with its own question, chunks and answer."""
    ask()

    pipelines = {span.context.span_id: span for span in spans.stage("pipeline")}
    assert {_text(span, keys.INPUT_MESSAGES) for span in pipelines.values()} == {"One?", "Two?"}
    assert [span.parent for span in pipelines.values()] == [None, None]
    for fetched in spans.stage("retrieve"):
        assert fetched.parent is not None
        assert attributes(fetched)[keys.QUERY] == _text(pipelines[fetched.parent.span_id], keys.INPUT_MESSAGES)
    for chat in spans.stage("generate"):
        assert chat.parent is not None
        of_it = [each for each in spans.stage("retrieve") if each.parent == chat.parent]
        assert attributes(chat)[keys.CONTEXT_SPAN_IDS] == tuple(f"{each.context.span_id:016x}" for each in of_it)


def test_decorated_pipeline_is_the_only_one(spans: CapturedSpans) -> None:
    """The chain inside it makes none of its own."""

    @gs.pipeline
    def answer(question: str) -> object:
        return CHAIN.invoke(question)

    @gs.pipeline
    async def answer_async(question: str) -> object:
        return await CHAIN.ainvoke(question)

    answer(QUESTION)
    _run(lambda: answer_async(QUESTION))

    assert _parents(spans) == {
        "retrieval Handbook": "invoke_workflow answer_async",
        "chat gpt-4o": "invoke_workflow answer_async",
        "invoke_workflow answer": None,
        "invoke_workflow answer_async": None,
    }
    assert attributes(spans[1])[keys.CONTEXT_SPAN_IDS] == (f"{spans[0].context.span_id:016x}",)


@pytest.mark.parametrize("is_streamed", [False, True])
def test_decorated_function_in_a_chain_stands_in_its_pipeline(spans: CapturedSpans, is_streamed: bool) -> None:
    """Also where the chain is streamed, and nothing of it is current for who reads it."""
    chain = RunnableLambda(look) | Model()
    if is_streamed:
        for _ in chain.stream(QUESTION):
            assert get_current_span().is_recording() is False
    else:
        chain.invoke(QUESTION)

    workflow = "invoke_workflow RunnableSequence"
    assert _parents(spans) == {"execute_tool look": workflow, "chat gpt-4o": workflow, workflow: None}


def test_async_function_as_a_chain_is_the_pipeline_before_and_after_a_call(spans: CapturedSpans) -> None:
    """The call in between is over when its answer is there."""

    async def think(question: str) -> str:
        look(question)
        said = await Model().ainvoke(question)
        return look(str(said.content))

    _run(lambda: RunnableLambda(think).ainvoke(QUESTION))

    workflow = "invoke_workflow think"
    assert _parents(spans) == {"execute_tool look": workflow, "chat gpt-4o": workflow, workflow: None}
    assert (_text(spans[-1], keys.INPUT_MESSAGES), _text(spans[-1])) == (QUESTION, ANSWER)


@pytest.mark.parametrize("is_async", [False, True])
def test_parallel_branches_stand_beside_each_other(spans: CapturedSpans, is_async: bool) -> None:
    """In threads and in tasks, beneath the same parent."""
    fork: Any = RunnableParallel(said=Model(), found=Handbook(), looked=RunnableLambda(look), sum=lambda _: 1)
    if is_async:
        _run(lambda: fork.ainvoke(QUESTION))
    else:
        fork.invoke(QUESTION)

    workflow = spans[-1].name
    assert _parents(spans) == {
        "chat gpt-4o": workflow,
        "retrieval Handbook": workflow,
        "execute_tool look": workflow,
        workflow: None,
    }


def test_prompt_alone_is_no_pipeline(spans: CapturedSpans) -> None:
    """It answers nothing."""
    PROMPT.invoke({"context": "", "question": ""})

    assert len(spans) == 0


def test_question_and_answer_are_found_in_dicts_and_messages(spans: CapturedSpans) -> None:
    """As chains and agents name them."""
    named: Any = RunnableLambda(lambda _: {"answer": ANSWER})
    spoken: Any = RunnableLambda(lambda _: {"messages": [AIMessage(ANSWER)]})
    named.invoke({"question": QUESTION})
    spoken.invoke({"messages": [HumanMessage(QUESTION)]})

    for span in spans:
        assert (_text(span, keys.INPUT_MESSAGES), _text(span)) == (QUESTION, ANSWER)


def test_decorated_generate_keeps_the_only_span(spans: CapturedSpans) -> None:
    """And has model and usage from the call inside it."""

    @gs.generate
    def complete(question: str) -> str:
        return f"Dear customer, {Model().invoke(question).content}"

    complete(QUESTION)

    assert len(spans) == 1
    assert (attributes(spans[0])[keys.INPUT_TOKENS], _text(spans[0])) == (1000, f"Dear customer, {ANSWER}")


@pytest.mark.parametrize("is_async", [False, True])
def test_several_prompts_under_a_decorator_are_added_up(spans: CapturedSpans, is_async: bool) -> None:
    """None of them is a part of another."""
    prompts: Any = [[HumanMessage("One?")], [HumanMessage("Two?")]]

    @gs.generate
    def complete() -> object:
        Model().generate(prompts)
        return None

    @gs.generate
    async def complete_async() -> object:
        await Model().agenerate(prompts)
        return None

    if is_async:
        _run(complete_async)
    else:
        complete()

    assert [attributes(span)[keys.INPUT_TOKENS] for span in spans] == [2000]


@pytest.mark.usefixtures("openai_too")
def test_client_inside_a_model_makes_no_second_span(spans: CapturedSpans, url: str) -> None:
    """Sync, async and streamed; what only the client tells is on LangChain's span."""
    model = Client(url=url)
    model.invoke(QUESTION)
    _run(lambda: model.ainvoke(QUESTION))
    list(model.stream(QUESTION))

    assert len(spans) == 3
    for span in spans:
        told = attributes(span)
        assert _text(span) == ANSWER
        assert (told[keys.INPUT_TOKENS], told[keys.CACHE_READ_TOKENS]) == (1000, 400)


@pytest.mark.usefixtures("openai_too")
@pytest.mark.parametrize("times", [1, 2])
def test_client_inside_a_model_inside_a_decorated_function_is_counted_once(
    spans: CapturedSpans, url: str, times: int
) -> None:
    """Client and model tell the same tokens; several models tell their own."""

    @gs.generate
    def complete(question: str) -> str:
        return " ".join(str(Telling(url=url).invoke(question).content) for _ in range(times))

    complete(QUESTION)

    told = attributes(spans[0])
    assert len(spans) == 1
    assert (told[keys.INPUT_TOKENS], told[keys.OUTPUT_TOKENS]) == (1000 * times, 100 * times)


def test_instrumented_callbacks_are_left_to_others(spans: CapturedSpans, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wraps LangChain's callback managers traces its runs already."""
    monkeypatch.setattr(BaseCallbackManager, "__init__", _theirs(BaseCallbackManager.__init__))

    CHAIN.invoke(QUESTION)

    assert len(spans) == 0


def test_model_of_an_instrumented_client_is_left_to_others(
    spans: CapturedSpans, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tokens are on their span."""
    from openai.resources.chat.completions import Completions

    monkeypatch.setattr(Completions, "create", _theirs(Completions.create))

    CHAIN.invoke(QUESTION)

    assert [attributes(span)[keys.STAGE] for span in spans] == ["retrieve", "pipeline"]


@pytest.mark.parametrize("provider", ["openai", "azure"])
def test_no_second_span_beside_openinference_s_client(spans: CapturedSpans, url: str, provider: str) -> None:
    """It traces the client's request, and the tokens are on its span."""

    class Named(Client):
        def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
            return super()._get_ls_params(stop, **kwargs) | {"ls_provider": provider}

    instrumentor = OpenAIInstrumentor()
    instrumentor.instrument(tracer_provider=TracerProvider(shutdown_on_exit=False))
    try:
        Named(url=url).invoke(QUESTION)
    finally:
        instrumentor.uninstrument()

    assert len(spans) == 0


def _theirs(function: Any) -> Any:
    """Wrap a function as an instrumentation of OpenTelemetry does."""

    def wrapper(wrapped: Callable[..., object], _instance: object, args: Any, kwargs: Any) -> object:
        return wrapped(*args, **kwargs)

    wrapper.__module__ = "opentelemetry.instrumentation.any"
    return wrapt.FunctionWrapper(function, wrapper)


@pytest.mark.parametrize("work", [Waits(), Waiting()], ids=["retriever", "model"])
def test_cancelled_work_is_an_error_that_ends(spans: CapturedSpans, work: Any) -> None:
    """LangChain tells of no end; the span ends when it lets go, and is not the current one any more."""

    async def give_up() -> None:
        try:
            async with asyncio.timeout(0):
                await work.ainvoke(QUESTION)
        except TimeoutError:
            pass
        await _until(lambda: len(spans) == 1)

    _run(give_up)

    assert attributes(spans[0])[keys.ERROR_TYPE] == "asyncio.exceptions.CancelledError"


@pytest.mark.parametrize("is_decorated", [False, True])
def test_run_after_a_cancelled_one_is_beside_it(spans: CapturedSpans, is_decorated: bool) -> None:
    """A second model is asked where the first took too long: at once, before LangChain lets go of the first."""

    async def ask(question: str) -> object:
        try:
            async with asyncio.timeout(0):
                return await Waiting().ainvoke(question)
        except TimeoutError:
            return await Model().ainvoke(question)

    async def work() -> None:
        await (gs.pipeline(ask)(QUESTION) if is_decorated else RunnableLambda(ask).ainvoke(QUESTION))
        await _until(lambda: len(spans) == 3)

    _run(work)

    pipeline = spans.stage("pipeline")[0].context.span_id
    chats = spans.stage("generate")
    assert [span.parent.span_id for span in chats if span.parent] == [pipeline, pipeline]
    assert {attributes(span).get(keys.INPUT_TOKENS) for span in chats} == {None, 1000}


def test_cancelled_chain_ends_with_all_that_is_in_it(spans: CapturedSpans) -> None:
    """Whichever order that is in."""
    chain: Any = RunnableParallel(found=Waits(), said=Waiting())

    async def give_up() -> None:
        task = asyncio.create_task(chain.ainvoke(QUESTION))
        await _until(lambda: len(_langchain_handler.handler().runs) == 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        await _until(lambda: len(spans) == 3)

    _run(give_up)

    assert {attributes(span)[keys.STAGE] for span in spans} == {"retrieve", "generate", "pipeline"}


def test_stream_of_a_chain_that_is_left_ends(spans: CapturedSpans) -> None:
    """Sync and async."""

    async def leave() -> None:
        stream = CHAIN.astream(QUESTION)
        await anext(stream)
        await stream.aclose()
        await _until(lambda: len(spans.stage("pipeline")) == 2)

    stream = CHAIN.stream(QUESTION)
    next(stream)
    stream.close()
    _run(leave)

    assert len(spans.stage("generate")) == len(spans.stage("retrieve")) == 2


async def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0)


def test_runs_that_are_never_ended_are_bounded(spans: CapturedSpans, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where somebody holds on to their ids."""
    monkeypatch.setattr(_langchain_runs, "_MOST_OPEN", 2)
    handler = _langchain_handler.handler()
    held = [uuid4() for _ in range(5)]
    for run_id in held:
        copy_context().run(handler.on_retriever_start, {}, QUESTION, run_id=run_id)

    assert len(spans) == 3
    held.clear()
    del run_id
    assert len(spans) == 5


def test_texts_stay_out_where_no_content_is_captured() -> None:
    """Counts, names and ids are there."""
    gs.instrument("langchain")
    try:
        with strict_spans() as spans:
            before = _runtime.current()
            assert before is not None
            _runtime.install(
                _runtime.Runtime(before.tracer, before.max_content_chars, "no_content", contents=before.contents)
            )
            list(CHAIN.stream(QUESTION))
            add.invoke({"a": 1, "b": 2})
    finally:
        gs.integrations.uninstrument("langchain")

    texts = (keys.INPUT_MESSAGES, keys.OUTPUT_MESSAGES, keys.QUERY, keys.TOOL_ARGUMENTS, keys.TOOL_RESULT)
    assert len(spans) == 4
    assert [key for span in spans for key in texts if key in attributes(span)] == []
    assert loaded(spans[0], keys.DOCUMENTS) == [{"id": "h-1", "score": 0.8}, {"id": "h-2"}]
    assert attributes(spans[1])[keys.INPUT_TOKENS] == 1000


def test_undone_it_traces_nothing() -> None:
    """And done again, each run once."""
    with strict_spans() as spans:
        gs.instrument("langchain")
        gs.integrations.uninstrument("langchain")
        CHAIN.invoke(QUESTION)
        assert len(spans) == 0

        gs.instrument("langchain")
        CHAIN.invoke(QUESTION)
        gs.integrations.uninstrument("langchain")
        assert len(spans) == 3


def test_run_that_is_going_on_ends_after_undoing(spans: CapturedSpans) -> None:
    """It was begun."""
    stream = Model().stream(QUESTION)
    next(stream)
    gs.integrations.uninstrument("langchain")
    list(stream)

    assert len(spans) == 1
    _assert_answered(spans[0])


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda held: pickle.loads(pickle.dumps(held))])
def test_handler_is_one_however_it_is_copied(copied: Callable[[Any], Any]) -> None:
    """Applications copy a run's config, with the handlers in it, or send it to another process."""
    handler: Any = _langchain_handler.handler()

    assert copied(handler) is copied(BaseCallbackManager([handler])).handlers[0] is handler


def test_without_init_nothing_happens() -> None:
    """The handler is asked, and says that it wants to know nothing."""
    gs.instrument("langchain")
    try:
        assert CHAIN.invoke(QUESTION) == ANSWER
        assert _langchain_handler.handler().ignore_chain is True
        with capture_spans():
            told = _langchain_handler.handler().ignore_chain
    finally:
        gs.integrations.uninstrument("langchain")
    assert told is False


def test_error_of_our_own_is_not_the_applications(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told once by us, and never by LangChain."""

    def broken(*_args: object) -> object:
        raise ValueError("ours")

    monkeypatch.setattr("groundspan.integrations.langchain.answered", broken)
    gs.instrument("langchain")
    try:
        with capture_spans() as spans:
            assert CHAIN.invoke(QUESTION) == ANSWER
    finally:
        gs.integrations.uninstrument("langchain")

    assert {record.name for record in caplog.records} <= {"groundspan"}
    assert {attributes(span)[keys.STAGE] for span in spans} == {"retrieve", "generate", "pipeline"}


def test_run_id_of_the_applications_own_is_taken(spans: CapturedSpans) -> None:
    """LangChain lets it be given."""
    own = UUID(int=7)
    Model().invoke(QUESTION, {"run_id": own})

    assert len(spans) == 1

"""OpenAI's own client, traced without a decorator, against a stub of its API."""

import asyncio
import gc
import logging
from collections.abc import Callable, Iterator
from contextvars import copy_context
from importlib.util import find_spec
from inspect import signature
from types import SimpleNamespace
from typing import Any

import groundspan as gs
import pytest
from groundspan import _runtime
from groundspan import attributes as keys
from groundspan.integrations.openai import request
from groundspan.testing import CapturedSpans, capture_spans
from model_api import ANSWER, BROKEN_MODEL, model_api
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, get_current_span
from sdk_support import attributes, loaded, strict_spans

pytest.importorskip("openai", reason="not part of the plain install")
pytest.importorskip("wrapt", reason="not part of the plain install")
pytest.importorskip("openinference.instrumentation.openai", reason="not part of the plain install")

import openai
import wrapt
from openai.resources.chat.completions import Completions
from openinference.instrumentation.openai import OpenAIInstrumentor
from pydantic import BaseModel

MODEL = "gpt-4o"
# Older clients have stream() and parse() of chats apart, and no other API for them.
HAS_HELPERS = hasattr(Completions, "stream")
LIMIT = "max_completion_tokens" if "max_completion_tokens" in signature(Completions.create).parameters else "max_tokens"
with_responses = pytest.mark.skipif(
    find_spec("openai.resources.responses") is None, reason="a client without responses"
)
PROMPT: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "May I return it?"}]


@pytest.fixture
def spans(caplog: pytest.LogCaptureFixture) -> Iterator[CapturedSpans]:
    """The spans of a test, which leaves the client and the context as they were, and nothing to complain of."""
    before = dict(copy_context())
    gs.instrument("openai")
    try:
        with caplog.at_level(logging.WARNING), strict_spans() as captured:
            yield captured
            assert get_current_span().is_recording() is False
    finally:
        gs.integrations.uninstrument("openai")
    assert dict(copy_context()) == before
    assert [record.getMessage() for record in caplog.records if record.name.startswith("groundspan")] == []


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a stub of the model's API."""
    with model_api() as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    """OpenAI's own client."""
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as opened:
        yield opened


def _run(url: str, work: Callable[[openai.AsyncOpenAI], Any]) -> None:
    async def run() -> None:
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            await work(client)

    asyncio.run(run())


def _helpers(client: Any) -> Any:
    return client.chat.completions if HAS_HELPERS else client.beta.chat.completions


def _text(spans: CapturedSpans, key: str = keys.OUTPUT_MESSAGES) -> object:
    return loaded(spans[0], key)[-1]["parts"][0]["content"]  # type: ignore[index]


def _usage(spans: CapturedSpans) -> tuple[object, object, object]:
    told = attributes(spans[0])
    return told[keys.INPUT_TOKENS], told[keys.OUTPUT_TOKENS], told[keys.CACHE_READ_TOKENS]


def _assert_whole(spans: CapturedSpans) -> None:
    """One span with question, answer, model and usage."""
    assert len(spans) == 1
    told = attributes(spans[0])
    assert (_text(spans, keys.INPUT_MESSAGES), _text(spans)) == ("May I return it?", ANSWER)
    assert _usage(spans) == (1000, 100, 400)
    assert (told[keys.STAGE], told[keys.PROVIDER]) == ("generate", "openai")
    assert (told[keys.REQUEST_MODEL], told[keys.RESPONSE_MODEL]) == (MODEL, "gpt-4o-2024-08-06")
    assert told[keys.FINISH_REASONS] == ("stop",)


def test_chat_is_a_generate_span(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """Named, and with how the model was asked."""
    limit: Any = {LIMIT: 64}
    completion = client.chat.completions.create(model=MODEL, messages=PROMPT, temperature=0.2, top_p=1, **limit)

    assert completion.choices[0].message.content == ANSWER
    _assert_whole(spans)
    assert (spans[0].name, spans[0].kind) == ("chat gpt-4o", SpanKind.CLIENT)
    assert loaded(spans[0], keys.INPUT_MESSAGES)[0]["role"] == "system"
    told = attributes(spans[0])
    assert (told[keys.REQUEST_TEMPERATURE], told[keys.REQUEST_TOP_P]) == (0.2, 1.0)
    assert told[keys.REQUEST_MAX_TOKENS] == 64


def test_async_chat_is_a_generate_span(spans: CapturedSpans, url: str) -> None:
    """Of the async client the same."""
    _run(url, lambda client: client.chat.completions.create(model=MODEL, messages=PROMPT))

    _assert_whole(spans)


def test_chat_stands_in_its_pipeline(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """And on the chunks that were fetched in it."""

    @gs.retrieve
    def search(question: str) -> list[str]:
        return ["Refunds take five days.", question]

    @gs.pipeline
    def answer(question: str) -> str | None:
        search(question)
        completion = client.chat.completions.create(model=MODEL, messages=PROMPT)
        return completion.choices[0].message.content

    answer("May I?")

    fetched, chat, pipeline = spans
    assert chat.parent is not None
    assert chat.parent.span_id == pipeline.context.span_id
    assert attributes(chat)[keys.CONTEXT_SPAN_IDS] == (f"{fetched.context.span_id:016x}",)


def test_chat_stream_is_followed_to_its_end(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """Its time to first token, its answer, and the usage of its last chunk."""
    stream = client.chat.completions.create(model=MODEL, messages=PROMPT, stream=True)
    assert isinstance(stream, openai.Stream)
    assert len(spans) == 0
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == ANSWER

    _assert_whole(spans)
    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "finished"
    assert float(str(attributes(spans[0])[keys.TIME_TO_FIRST_CHUNK_S])) > 0


def test_async_chat_stream_is_followed_to_its_end(spans: CapturedSpans, url: str) -> None:
    """Of the async client the same."""

    async def work(client: openai.AsyncOpenAI) -> None:
        async for _ in await client.chat.completions.create(model=MODEL, messages=PROMPT, stream=True):
            pass

    _run(url, work)

    _assert_whole(spans)
    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "finished"


def test_chat_stream_that_is_left_is_stopped(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """What came is kept."""
    with client.chat.completions.create(model=MODEL, messages=PROMPT, stream=True) as stream:
        next(stream)

    assert (attributes(spans[0])[keys.STREAM_OUTCOME], _text(spans)) == ("stopped", "Goods ")


def test_chat_stream_helper_is_one_span(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """It asks by create(), which makes no second span."""
    with _helpers(client).stream(model=MODEL, messages=PROMPT) as stream:
        kinds = {event.type for event in stream}

    assert "content.delta" in kinds
    _assert_whole(spans)
    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "finished"


def test_chat_stream_helper_that_is_left_is_stopped(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """When its block ends, not when it is collected."""
    with _helpers(client).stream(model=MODEL, messages=PROMPT) as stream:
        next(stream)

    assert [attributes(span)[keys.STREAM_OUTCOME] for span in spans] == ["stopped"]
    del stream
    gc.collect()


def test_async_chat_stream_helper_is_one_span(spans: CapturedSpans, url: str) -> None:
    """Read by its final completion."""

    async def work(client: openai.AsyncOpenAI) -> None:
        async with _helpers(client).stream(model=MODEL, messages=PROMPT) as stream:
            await stream.get_final_completion()

    _run(url, work)

    _assert_whole(spans)


def test_parsed_chat_is_a_generate_span(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """parse() asks by itself."""
    _helpers(client).parse(model=MODEL, messages=PROMPT)

    _assert_whole(spans)


@pytest.mark.parametrize("is_async", [False, True])
def test_raw_response_is_read(spans: CapturedSpans, url: str, client: openai.OpenAI, is_async: bool) -> None:
    """LangChain asks so; the caller's response is the one it wanted."""
    if is_async:
        _run(url, lambda other: other.chat.completions.with_raw_response.create(model=MODEL, messages=PROMPT))
    else:
        raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=PROMPT)
        assert raw.headers["content-type"] == "application/json"
        assert raw.parse().choices[0].message.content == ANSWER

    _assert_whole(spans)


def test_streamed_raw_response_is_the_caller_s_to_read(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """Its body is not touched."""
    with client.chat.completions.with_streaming_response.create(model=MODEL, messages=PROMPT) as raw:
        assert not raw.http_response.is_stream_consumed
        assert raw.parse().choices[0].message.content == ANSWER

    assert len(spans) == 1


@with_responses
@pytest.mark.parametrize("question", ["May I return it?", [PROMPT[1]]])
def test_response_is_a_generate_span(spans: CapturedSpans, client: openai.OpenAI, question: Any) -> None:
    """Its input is one text or a list, and its instructions are the system's."""
    client.responses.create(model=MODEL, input=question, instructions="Be brief.", max_output_tokens=99)

    _assert_whole(spans)
    assert [message["role"] for message in loaded(spans[0], keys.INPUT_MESSAGES)] == ["system", "user"]
    assert attributes(spans[0])[keys.REQUEST_MAX_TOKENS] == 99


@with_responses
def test_parsed_response_is_a_generate_span(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """parse() asks by itself."""

    class Free(BaseModel):
        """Any text will do."""

    with pytest.raises(ValueError, match="Invalid JSON"):
        client.responses.parse(model=MODEL, input="May I return it?", text_format=Free)
    assert spans[0].status.status_code is StatusCode.ERROR


@with_responses
def test_response_stream_is_followed_to_its_end(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """The last event has all of it."""
    for _ in client.responses.create(model=MODEL, input="May I return it?", stream=True):
        pass

    _assert_whole(spans)
    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "finished"


@with_responses
def test_async_response_stream_helper_is_one_span(spans: CapturedSpans, url: str) -> None:
    """Read by its final response."""

    async def work(client: openai.AsyncOpenAI) -> None:
        async with client.responses.stream(model=MODEL, input="May I return it?") as stream:
            await stream.get_final_response()

    _run(url, work)

    _assert_whole(spans)


@pytest.mark.parametrize("is_async", [False, True])
def test_embeddings_are_an_embed_span(spans: CapturedSpans, url: str, client: openai.OpenAI, is_async: bool) -> None:
    """Their number, their length and their tokens, never the vectors."""
    if is_async:
        _run(url, lambda other: other.embeddings.create(model="text-embedding-3-small", input=["a", "b"]))
    else:
        client.embeddings.create(model="text-embedding-3-small", input=["a", "b"])

    told = attributes(spans[0])
    assert (spans[0].name, told[keys.STAGE]) == ("embeddings text-embedding-3-small", "embed")
    assert (told[keys.EMBEDDING_COUNT], told[keys.EMBEDDING_DIMENSION], told[keys.INPUT_TOKENS]) == (2, 3, 8)


@pytest.mark.parametrize("is_async", [False, True])
def test_error_passes_and_is_recorded(spans: CapturedSpans, url: str, client: openai.OpenAI, is_async: bool) -> None:
    """The host's exception is the client's own."""

    def ask() -> None:
        if is_async:
            _run(url, lambda other: other.chat.completions.create(model=BROKEN_MODEL, messages=PROMPT))
        else:
            client.chat.completions.create(model=BROKEN_MODEL, messages=PROMPT)

    with pytest.raises(openai.NotFoundError):
        ask()

    assert spans[0].status.status_code is StatusCode.ERROR
    assert attributes(spans[0])[keys.ERROR_TYPE] == "openai.NotFoundError"


def test_nothing_is_traced_after_the_undoing(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """Nor under a patch that somebody kept."""
    kept = client.chat.completions.create
    gs.integrations.uninstrument("openai")
    client.chat.completions.create(model=MODEL, messages=PROMPT)
    kept(model=MODEL, messages=PROMPT)

    assert len(spans) == 0


def test_nothing_is_traced_without_a_runtime(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """Disabled, or before init()."""
    before = _runtime.install(None)
    client.chat.completions.create(model=MODEL, messages=PROMPT)
    _runtime.install(before)

    assert len(spans) == 0


def test_call_that_cannot_be_read_goes_through(
    client: openai.OpenAI, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of ours is told once, and is not the host's."""
    monkeypatch.setattr("groundspan.integrations.openai.settings", lambda _kwargs: 1 / 0)
    gs.instrument("openai")
    try:
        with capture_spans() as spans:
            completion = client.chat.completions.create(model=MODEL, messages=PROMPT)
    finally:
        gs.integrations.uninstrument("openai")

    assert completion.choices[0].message.content == ANSWER
    assert len(spans) == 0
    assert "failed to read a client library's call" in caplog.text


# Under a decorator.


def test_decorated_function_has_the_only_span(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """It returns a text of its own, and has the usage and the model of the call inside it."""

    @gs.generate(provider="openai")
    def complete(question: str) -> str:
        completion = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": question}])
        return f"{completion.choices[0].message.content} Thank you."

    complete("May I return it?")

    assert (len(spans), _text(spans)) == (1, f"{ANSWER} Thank you.")
    assert _usage(spans) == (1000, 100, 400)
    told = attributes(spans[0])
    assert (told[keys.RESPONSE_MODEL], told[keys.FINISH_REASONS]) == ("gpt-4o-2024-08-06", ("stop",))


def test_provider_of_the_decorator_wins(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """It is the one that bills."""

    @gs.generate(provider="mine")
    def complete(_question: str) -> object:
        client.chat.completions.create(model=MODEL, messages=PROMPT)
        return None

    complete("May I return it?")

    assert (attributes(spans[0])[keys.PROVIDER], _text(spans)) == ("mine", ANSWER)


def test_calls_inside_one_decorated_function_are_added_up(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """All of them are paid."""

    @gs.generate
    def complete(_question: str) -> str:
        for _ in range(3):
            client.chat.completions.create(model=MODEL, messages=PROMPT)
        return "Yes."

    complete("May I return it?")

    assert (len(spans), _text(spans), _usage(spans)) == (1, "Yes.", (3000, 300, 1200))


def test_decorated_generator_has_the_usage_of_the_stream_inside(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """It yields texts, which bring none."""

    @gs.generate
    def complete(_question: str) -> Iterator[str]:
        for chunk in client.chat.completions.create(model=MODEL, messages=PROMPT, stream=True):
            if chunk.choices:
                yield chunk.choices[0].delta.content or ""

    assert "".join(complete("May I return it?")) == ANSWER

    assert (len(spans), _text(spans), _usage(spans)) == (1, ANSWER, (1000, 100, 400))
    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "finished"


def test_decorated_function_that_returns_the_stream_has_the_only_span(
    spans: CapturedSpans, client: openai.OpenAI
) -> None:
    """It is followed once, and its tokens are counted once."""

    @gs.generate
    def complete(_question: str) -> Any:
        return client.chat.completions.create(model=MODEL, messages=PROMPT, stream=True)

    stream = complete("May I return it?")
    assert isinstance(stream, openai.Stream)
    for _ in stream:
        pass

    assert (len(spans), _text(spans), _usage(spans)) == (1, ANSWER, (1000, 100, 400))


def test_decorated_stream_helper_has_the_only_span(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """Its tokens are counted once."""

    @gs.generate
    def complete(_question: str) -> str:
        with _helpers(client).stream(model=MODEL, messages=PROMPT) as stream:
            return stream.get_final_completion().choices[0].message.content or ""

    complete("May I return it?")

    assert (len(spans), _text(spans), _usage(spans)) == (1, ANSWER, (1000, 100, 400))


def test_error_inside_a_decorated_function_is_told_once(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """And one that the function catches is none of the span's."""

    @gs.generate
    def complete(model: str) -> str:
        try:
            client.chat.completions.create(model=model, messages=PROMPT)
        except openai.NotFoundError:
            return "I cannot say."
        return ""

    complete(BROKEN_MODEL)

    assert (len(spans), _text(spans), spans[0].status.status_code) == (1, "I cannot say.", StatusCode.UNSET)


def test_decorated_embed_has_the_only_span(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """With the tokens that its vectors do not tell."""

    @gs.embed
    def embed(text: str) -> list[float]:
        return client.embeddings.create(model="text-embedding-3-small", input=text).data[0].embedding

    embed("a")

    told = attributes(spans[0])
    assert (len(spans), told[keys.INPUT_TOKENS], told[keys.EMBEDDING_DIMENSION]) == (1, 8, 3)


def test_call_of_another_stage_has_a_span_of_its_own(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """An embedding inside generate, a generation inside a tool."""

    @gs.tool
    def summarise() -> None:
        client.chat.completions.create(model=MODEL, messages=PROMPT)

    @gs.generate
    def complete(_question: str) -> str:
        client.embeddings.create(model="text-embedding-3-small", input="a")
        summarise()
        return "Yes."

    complete("May I return it?")

    assert [attributes(span)[keys.STAGE] for span in spans] == ["embed", "generate", "tool", "generate"]
    assert keys.INPUT_TOKENS not in attributes(spans[3])


# Beside others.


@pytest.fixture
def theirs() -> Iterator[InMemorySpanExporter]:
    """The spans that OpenInference makes."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    yield exporter
    OpenAIInstrumentor().uninstrument()


@pytest.mark.parametrize("is_decorated", [False, True])
def test_no_second_span_beside_openinference(
    spans: CapturedSpans, client: openai.OpenAI, theirs: InMemorySpanExporter, is_decorated: bool
) -> None:
    """It traces the request beneath; a decorated function has its span, and the tokens are on theirs."""

    def complete(_question: str) -> str:
        return client.chat.completions.create(model=MODEL, messages=PROMPT).choices[0].message.content or ""

    (gs.generate(complete) if is_decorated else complete)("May I return it?")

    assert len(theirs.get_finished_spans()) == 1
    assert len(spans) == int(is_decorated)
    assert all(keys.INPUT_TOKENS not in attributes(span) for span in spans)


def test_ours_again_when_openinference_is_gone(
    spans: CapturedSpans, client: openai.OpenAI, theirs: InMemorySpanExporter
) -> None:
    """It is looked at with every call."""
    OpenAIInstrumentor().uninstrument()
    client.chat.completions.create(model=MODEL, messages=PROMPT)

    assert (len(spans), len(theirs.get_finished_spans())) == (1, 0)


@pytest.mark.parametrize("is_theirs_first", [False, True])
def test_no_second_span_where_the_method_is_wrapped(
    client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch, is_theirs_first: bool
) -> None:
    """OpenTelemetry's own instrumentation wraps it so, before ours or after."""

    def wrapper(wrapped: Any, _instance: object, args: Any, kwargs: Any) -> Any:
        return wrapped(*args, **kwargs)

    wrapper.__module__ = "opentelemetry.instrumentation.openai_v2.patch"

    def wrap() -> None:
        monkeypatch.setattr(Completions, "create", wrapt.FunctionWrapper(Completions.create, wrapper))

    if is_theirs_first:
        wrap()
    gs.instrument("openai")
    if not is_theirs_first:
        wrap()
    with strict_spans() as spans:
        client.chat.completions.create(model=MODEL, messages=PROMPT)
        client.embeddings.create(model="text-embedding-3-small", input="a")
    if not is_theirs_first:
        monkeypatch.undo()
    gs.integrations.uninstrument("openai")

    assert [attributes(span)[keys.STAGE] for span in spans] == ["embed"]


@pytest.mark.parametrize("operation", ["chat", "invoke_agent"])
def test_no_second_span_under_another_library_s_chat_span(
    spans: CapturedSpans, client: openai.OpenAI, operation: str
) -> None:
    """Frameworks that make a span for the model's call themselves."""
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("framework")
    with tracer.start_as_current_span("theirs", attributes={keys.OPERATION: operation}):
        client.chat.completions.create(model=MODEL, messages=PROMPT)

    assert len(spans) == int(operation != "chat")


# The extractor.


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("https://api.openai.com/v1/", "openai"),
        ("http://localhost:8000/v1", "openai"),
        ("https://mine.openai.azure.com/openai", "azure.ai.openai"),
        ("https://api.deepseek.com", "deepseek"),
        ("https://notapi.deepseek.com.example.org", "openai"),
    ],
)
def test_provider_is_known_by_the_address(address: str, provider: str) -> None:
    """Unknown ones are of OpenAI's format."""
    assert request(SimpleNamespace(base_url=address), {}).attributes == {keys.PROVIDER: provider}


def test_azure_client_is_known_by_its_kind() -> None:
    """Whatever its address."""
    with openai.AzureOpenAI(base_url="http://127.0.0.1:9/openai", api_key="none", api_version="v1") as client:
        assert request(client, {"model": MODEL}).attributes[keys.PROVIDER] == "azure.ai.openai"


def test_left_out_settings_are_no_attributes() -> None:
    """The client's stand-ins for them, None, and what is no number."""
    kwargs = {
        "model": None,
        "temperature": openai.NOT_GIVEN,
        "top_p": True,
        "max_tokens": None,
        "messages": iter(PROMPT),
    }

    read = request(None, kwargs)

    assert (read.attributes, read.asked) == ({keys.PROVIDER: "openai"}, {"messages": None})
    assert len(list(kwargs["messages"])) == 2

"""Decorators: the span of each stage, on every kind of function."""

import asyncio
import inspect
from collections.abc import Iterator
from typing import assert_type

import groundspan as gs
import pytest
from groundspan import ConfigError
from groundspan import attributes as keys
from groundspan.testing import CapturedSpans, capture_spans
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode, get_current_span
from sdk_support import attributes, loaded, strict_spans


@pytest.fixture
def spans() -> Iterator[CapturedSpans]:
    """The spans of a test, in the order they ended."""
    with strict_spans() as captured:
        yield captured


@gs.tokenize(tokenizer="words")
def split(text: str) -> list[int]:
    """Make one token of each word."""
    return list(range(len(text.split())))


@gs.embed(model="minilm", provider="local")
def embed(text: str) -> list[float]:
    """Make a vector."""
    return [0.5, float(len(text))]


@gs.retrieve(top_k=2, data_source="docs")
def retrieve(query: str) -> list[str]:
    """Find two chunks."""
    return [f"{query} one", f"{query} two"]


@gs.rerank(model="ce")
def rerank(query: str, hits: list[str]) -> list[tuple[str, float]]:
    """Score the chunks."""
    return [(hit, 0.5) for hit in hits if query]


@gs.generate(model="gpt-4o-mini", provider="openai")
def generate(question: str, hits: list[tuple[str, float]]) -> str:
    """Answer with the first chunk."""
    return f"{question}: {hits[0][0]}"


@gs.tool
def add(a: int, b: int = 1) -> int:
    """Add."""
    return a + b


@gs.pipeline
def answer(question: str) -> str:
    """Run every stage."""
    split(question)
    embed(question)
    add(1, b=2)
    return generate(question, rerank(question, retrieve(question)))


@pytest.mark.parametrize(
    ("stage", "name", "operation", "kind"),
    [
        ("pipeline", "invoke_workflow answer", "invoke_workflow", SpanKind.INTERNAL),
        ("tokenize", "tokenize", None, SpanKind.INTERNAL),
        ("embed", "embeddings minilm", "embeddings", SpanKind.CLIENT),
        ("retrieve", "retrieval docs", "retrieval", SpanKind.CLIENT),
        ("rerank", "rerank ce", "rerank", SpanKind.CLIENT),
        ("generate", "chat gpt-4o-mini", "chat", SpanKind.CLIENT),
        ("tool", "execute_tool add", "execute_tool", SpanKind.INTERNAL),
    ],
)
def test_span_follows_the_conventions_when_a_stage_runs(
    spans: CapturedSpans, stage: str, name: str, operation: str | None, kind: SpanKind
) -> None:
    """Name, kind and operation are those of the decision table."""
    answer("What?")
    (span,) = spans.stage(stage)

    assert (span.name, span.kind, attributes(span).get(keys.OPERATION)) == (name, kind, operation)


def test_stages_are_children_when_a_pipeline_runs_them(spans: CapturedSpans) -> None:
    """Every stage hangs below the pipeline, in one trace."""
    answer("What?")
    root = spans[-1]

    assert root.parent is None
    assert all(span.parent == root.context for span in spans[:-1])


def test_status_stays_unset_when_the_work_succeeds(spans: CapturedSpans) -> None:
    """Success is not told as OK."""
    answer("What?")

    assert {span.status.status_code for span in spans} == {StatusCode.UNSET}


def test_pipeline_carries_question_and_answer(spans: CapturedSpans) -> None:
    """The root holds what was asked and what was said."""
    said = answer("What?")
    root = spans[-1]

    asked_part = {"type": "text", "content": "What?"}
    assert loaded(root, keys.INPUT_MESSAGES) == [{"role": "user", "parts": [asked_part]}]
    said_part = {"type": "text", "content": said}
    assert loaded(root, keys.OUTPUT_MESSAGES) == [{"role": "assistant", "parts": [said_part]}]


def test_arguments_given_to_the_decorator_are_on_the_span(spans: CapturedSpans) -> None:
    """What the decorator was told stands from the start, where samplers see it."""
    retrieve("q")

    assert attributes(spans[0]) == {
        keys.STAGE: "retrieve",
        keys.OPERATION: "retrieval",
        keys.TOP_K: 2,
        keys.DATA_SOURCE: "docs",
        keys.QUERY: "q",
        keys.DOCUMENTS: '[{"content":"q one"},{"content":"q two"}]',
    }


def test_model_is_found_among_the_arguments_when_the_decorator_names_none(spans: CapturedSpans) -> None:
    """One function may call many models."""

    @gs.generate
    def ask(prompt: str, model: str = "small") -> str:
        return f"{prompt} by {model}"

    ask("hi", model="large")
    ask("hi")

    assert [span.name for span in spans] == ["chat large", "chat small"]


def test_top_k_is_found_among_the_arguments_when_the_decorator_names_none(spans: CapturedSpans) -> None:
    """A parameter's default counts as given."""

    @gs.retrieve
    def search(query: str, limit: int = 4) -> list[str]:
        return [query] * limit

    search("q")

    assert attributes(spans[0])[keys.TOP_K] == 4


def test_query_is_text_when_a_vector_is_called_query(spans: CapturedSpans) -> None:
    """A vector asks nothing; several queries are lines of one text."""

    @gs.retrieve
    def search(query: list[float] | list[str], words: str = "") -> list[str]:
        return [words] * len(query)

    search([0.1, 0.2], "plain words")
    search(["one", "two"])

    assert [attributes(span)[keys.QUERY] for span in spans] == ["plain words", "one\ntwo"]


def test_tool_arguments_and_result_are_named(spans: CapturedSpans) -> None:
    """A tool's arguments go by their parameters' names."""
    add(1, b=2)

    assert attributes(spans[0])[keys.TOOL_ARGUMENTS] == '{"a":1,"b":2}'
    assert attributes(spans[0])[keys.TOOL_RESULT] == "3"


def test_async_function_is_timed_to_its_end(spans: CapturedSpans) -> None:
    """An async function stays one, and its span holds what it returned."""

    @gs.generate(model="m")
    async def ask(prompt: str) -> str:
        await asyncio.sleep(0)
        return prompt.upper()

    assert inspect.iscoroutinefunction(ask)
    assert asyncio.run(ask("hi")) == "HI"
    assert loaded(spans[0], keys.OUTPUT_MESSAGES)[0]["parts"] == [{"type": "text", "content": "HI"}]


class Bot:
    """An application that is a class."""

    @gs.pipeline
    def ask(self, question: str) -> str:
        """Answer from a method."""
        return question.upper()

    @gs.pipeline(name="shared")
    @classmethod
    def shared(cls, question: str) -> str:
        """Answer from a class method, decorated from above."""
        return question.upper()

    @staticmethod
    @gs.pipeline
    def loose(question: str) -> str:
        """Answer from a static method."""
        return question.upper()


def test_methods_find_their_question_behind_self(spans: CapturedSpans) -> None:
    """Methods of every kind work, and their name is the function's."""
    bot = Bot()

    assert (bot.ask("a"), bot.shared("b"), Bot.loose("c")) == ("A", "B", "C")
    assert [span.name.split()[1] for span in spans] == ["ask", "shared", "loose"]
    assert '"content":"a"' in str(attributes(spans[0])[keys.INPUT_MESSAGES])


def test_decorated_function_keeps_name_docstring_and_signature() -> None:
    """What others read of a function is still there, for people and for type checkers."""
    assert (answer.__name__, answer.__doc__) == ("answer", "Run every stage.")
    assert list(inspect.signature(add).parameters) == ["a", "b"]
    assert_type(add(1, b=2), int)
    assert_type(embed("x"), list[float])


class RefusalError(Exception):
    """An error of the application."""


def test_exception_passes_unchanged_and_is_recorded(spans: CapturedSpans) -> None:
    """The caller gets the same object, one frame of ours in its traceback; the span tells what happened."""
    refusal = RefusalError("no such index")

    @gs.retrieve
    def search(query: str) -> list[str]:
        raise refusal if query else AssertionError

    with pytest.raises(RefusalError) as caught:
        search("q")

    frames = [entry.name for entry in caught.traceback]
    assert caught.value is refusal
    assert frames[1:] == ["call", "search"]
    (span,) = spans
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "no such index")
    assert attributes(span)[keys.ERROR_TYPE] == f"{__name__}.RefusalError"
    assert [event.name for event in span.events] == ["exception"]


def test_builtin_exception_is_named_without_its_module(spans: CapturedSpans) -> None:
    """``ValueError``, not ``builtins.ValueError``; in async functions too."""

    @gs.generate
    async def ask(prompt: str) -> str:
        raise ValueError(prompt)

    with pytest.raises(ValueError, match="hi"):
        asyncio.run(ask("hi"))

    assert attributes(spans[0])[keys.ERROR_TYPE] == "ValueError"
    assert '"content":"hi"' in str(attributes(spans[0])[keys.INPUT_MESSAGES])


def test_context_is_as_before_when_a_call_ends(spans: CapturedSpans) -> None:
    """No span of ours stays the current one."""
    answer("What?")

    assert not get_current_span().get_span_context().is_valid
    assert len(spans) == 7


def test_functions_run_as_written_when_nothing_was_started() -> None:
    """Without init() decorators do nothing at all, the ``with`` form too."""
    assert answer("What?") == "What?: What? one"
    with gs.retrieve.span(query="q") as span:
        span.chunks(["a"])
    gs.relevant(["a"])


def test_nothing_is_read_when_the_trace_is_sampled_out() -> None:
    """A span that is not recorded costs no capture."""

    class Unreadable(list[str]):
        def __iter__(self) -> Iterator[str]:
            raise AssertionError("was read")

    @gs.retrieve
    def search(query: str) -> list[str]:
        return Unreadable([query])

    with capture_spans(sampler=ALWAYS_OFF) as spans:
        search("q")

    assert len(spans) == 0


def test_decorating_no_function_is_refused() -> None:
    """``@gs.tool("name")`` is a mistake, told where it is made."""
    with pytest.raises(ConfigError, match="options are keywords"):
        gs.tool("search")  # type: ignore[call-overload]


def test_context_that_names_no_parameter_is_refused() -> None:
    """A misspelt parameter is told where it is written, not by missing chunks."""

    def ask(prompt: str, hits: list[str]) -> str:
        return prompt + hits[0]

    with pytest.raises(ConfigError, match="context='chunks' names no parameter"):
        gs.generate(context="chunks")(ask)


def test_public_names_are_sorted_and_few() -> None:
    """One short list is the whole SDK."""
    assert gs.__all__ == sorted(gs.__all__)
    assert len(gs.__all__) <= 20
    assert all(hasattr(gs, name) for name in gs.__all__)

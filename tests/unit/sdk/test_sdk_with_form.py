"""The ``with`` form: code that is no function says what it was given and what it found."""

import asyncio
from collections.abc import Iterator

import groundspan as gs
import pytest
from groundspan import attributes as keys
from groundspan.testing import CapturedSpans
from sdk_support import attributes, loaded, strict_spans


@pytest.fixture
def spans() -> Iterator[CapturedSpans]:
    """The spans of a test, in the order they ended."""
    with strict_spans() as captured:
        yield captured


def test_with_form_records_what_it_is_told(spans: CapturedSpans) -> None:
    """Code that is no function says what it found."""
    with gs.retrieve.span(query="q", top_k=1, data_source="docs", relevant=["a"]) as span:
        span.chunks([{"id": "a", "text": "found"}])
        span.set("app.index", "v7")

    assert spans[0].name == "retrieval docs"
    assert attributes(spans[0])[keys.QUERY] == "q"
    assert attributes(spans[0])[keys.RELEVANT_IDS] == ("a",)
    assert attributes(spans[0])["app.index"] == "v7"
    assert loaded(spans[0], keys.DOCUMENTS) == [{"id": "a", "content": "found"}]


def test_with_form_records_usage_when_the_response_does_not_say(spans: CapturedSpans) -> None:
    """Counts that only the caller knows."""
    with gs.generate.span(prompt="hi", model="m", provider="p") as span:
        span.answer("there")
        span.usage(input_tokens=3, output_tokens=1, cache_read_tokens=2)

    written = attributes(spans[0])
    assert (written[keys.INPUT_TOKENS], written[keys.OUTPUT_TOKENS], written[keys.CACHE_READ_TOKENS]) == (
        3,
        1,
        2,
    )
    assert written[keys.TOKENS_SOURCE] == "provider"


def test_with_form_works_in_async_code(spans: CapturedSpans) -> None:
    """``async with`` does the same."""

    async def run() -> None:
        async with gs.pipeline.span("nightly", question="why") as root:
            async with gs.embed.span(model="minilm") as span:
                span.vectors([[1.0, 2.0]])
            async with gs.tokenize.span(tokenizer="bpe") as span:
                span.tokens([1, 2, 3])
            root.answer("because")

    asyncio.run(run())

    assert [span.name for span in spans] == ["embeddings minilm", "tokenize", "invoke_workflow nightly"]
    assert attributes(spans[0])[keys.EMBEDDING_DIMENSION] == 2
    assert attributes(spans[1])[keys.TOKENS_COUNT] == 3
    assert '"content":"because"' in str(attributes(spans[2])[keys.OUTPUT_MESSAGES])


def test_with_form_records_the_exception_that_leaves_it(spans: CapturedSpans) -> None:
    """The block's exception passes through."""
    with pytest.raises(KeyError), gs.tool.span("lookup", arguments={"key": "x"}):
        raise KeyError("x")

    assert attributes(spans[0])[keys.ERROR_TYPE] == "KeyError"
    assert attributes(spans[0])[keys.TOOL_ARGUMENTS] == '{"key":"x"}'

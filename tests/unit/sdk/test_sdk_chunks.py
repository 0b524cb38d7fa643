"""Retrieved chunks: every library's results are read by shape."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from groundspan._chunks import documents
from groundspan._text import Cutter, Json

pytest.importorskip("qdrant_client", reason="not part of the plain install")

from qdrant_client.http.models import QueryResponse, ScoredPoint


@dataclass
class LangChainDocument:
    """The shape of langchain_core.documents.Document."""

    page_content: str
    metadata: Mapping[str, object] = field(default_factory=dict)
    id: str | None = None


@dataclass
class LlamaTextNode:
    """The shape of llama_index.core.schema.TextNode."""

    text: str
    id_: str
    metadata: Mapping[str, object]


@dataclass
class LlamaNode:
    """The shape of llama_index.core.schema.Node, whose text is behind a method."""

    node_id: str
    spoken: str

    def get_content(self) -> str:
        """Give the text."""
        return self.spoken


@dataclass
class NodeWithScore:
    """The shape of llama_index.core.schema.NodeWithScore."""

    node: LlamaTextNode | LlamaNode
    score: float | None


class Float32:
    """The shape of numpy.float32, which is no float."""

    def __float__(self) -> float:
        return 0.25


def point(number: int | str, payload: dict[str, object]) -> ScoredPoint:
    """Make a real qdrant hit."""
    return ScoredPoint(id=number, version=1, score=0.5, payload=payload)


DOCUMENT = LangChainDocument("body", {"source": "a.md"}, "d1")
READ = {"id": "d1", "content": "body", "metadata": {"source": "a.md"}}


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (["one", "two"], [{"content": "one"}, {"content": "two"}]),
        ("one", [{"content": "one"}]),
        ([], []),
        ([{"text": "t", "id": 7, "score": 0.5}], [{"id": "7", "score": 0.5, "content": "t"}]),
        ([{"content": "t", "metadata": {"a": 1}}], [{"content": "t", "metadata": {"a": 1}}]),
        ([{"page_content": "t", "source": "s"}], [{"content": "t", "metadata": {"source": "s"}}]),
        ({"text": "alone"}, [{"content": "alone"}]),
        ({"matches": [{"id": "x", "metadata": {"text": "t"}}]}, [{"id": "x", "content": "t"}]),
        ([DOCUMENT], [READ]),
        ([(DOCUMENT, 0.75)], [{**READ, "score": 0.75}]),
        ((DOCUMENT, 0.75), [{**READ, "score": 0.75}]),
        ([("text", Float32())], [{"score": 0.25, "content": "text"}]),
        (([DOCUMENT], 12), [READ]),
        (
            [NodeWithScore(LlamaTextNode("t", "n1", {"f": "x"}), 0.5)],
            [{"id": "n1", "score": 0.5, "content": "t", "metadata": {"f": "x"}}],
        ),
        ([NodeWithScore(LlamaNode("n2", "said"), None)], [{"id": "n2", "content": "said"}]),
        (
            [point(7, {"text": "t", "page": 3})],
            [{"id": "7", "score": 0.5, "content": "t", "metadata": {"page": 3}}],
        ),
        (
            QueryResponse(points=[point("u", {"page_content": "t", "metadata": {"a": 1}})]),
            [{"id": "u", "score": 0.5, "content": "t", "metadata": {"a": 1}}],
        ),
    ],
)
def test_chunks_are_read_from_what_retrievers_return(returned: object, expected: list[Json]) -> None:
    """Content always, id, score and metadata where they are."""
    assert documents(returned, Cutter(1000)) == expected


@pytest.mark.parametrize("returned", [None, 3, object(), [object()], {"took": 3}, iter(["a"]), b"bytes"])
def test_nothing_is_read_when_the_shape_is_unknown(returned: object) -> None:
    """What is no list of chunks is not guessed at, and iterators are left to their consumer."""
    assert documents(returned, Cutter(1000)) is None


@pytest.mark.parametrize("score", [math.nan, math.inf, "high", True])
def test_score_is_left_out_when_it_is_no_number(score: object) -> None:
    """JSON knows no NaN, and a word is no score."""
    assert documents([{"text": "t", "score": score}], Cutter(100)) == [{"content": "t"}]


def test_texts_are_cut_in_rank_order_when_they_are_too_long() -> None:
    """The first chunks stay whole, and what is cut is counted."""
    cutter = Cutter(6)

    read = documents([{"text": "four", "big": "x" * 50}, "five5", "six"], cutter)

    assert read == [{"content": "four", "metadata": {}}, {"content": "fi"}, {"content": ""}]
    assert cutter.cut_chars == 3 + 3 + 1

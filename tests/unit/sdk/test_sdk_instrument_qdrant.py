"""gs.instrument("qdrant"): the real client, embedded, sync and async."""

import asyncio
from collections.abc import Iterator
from typing import Any

import groundspan as gs
import pytest
from groundspan import attributes as keys
from groundspan.testing import CapturedSpans
from sdk_support import attributes, loaded, strict_spans

qdrant_client = pytest.importorskip("qdrant_client", reason="the plain install has no clients")
models = pytest.importorskip("qdrant_client.models", reason="the plain install has no clients")

COLLECTION = "handbook"
FOUND = [
    {"id": "1", "score": pytest.approx(1.0), "content": "Refunds take five days.", "metadata": {"source": "a.md"}},
    {"id": "2", "score": pytest.approx(0.0), "content": "Returns are free.", "metadata": {"source": "b.md"}},
]


@pytest.fixture
def spans() -> Iterator[CapturedSpans]:
    """Spans of calls of the instrumented client."""
    gs.instrument("qdrant")
    with strict_spans() as captured:
        yield captured
    gs.integrations.uninstrument("qdrant")


@pytest.fixture
def client() -> Iterator[Any]:
    """A collection of two points."""
    client = qdrant_client.QdrantClient(":memory:")
    _fill(client)
    yield client
    client.close()


def _vectors() -> object:
    return models.VectorParams(size=2, distance=models.Distance.COSINE)


def _points() -> list[object]:
    texts = [("Refunds take five days.", "a.md", [1.0, 0.0]), ("Returns are free.", "b.md", [0.0, 1.0])]
    return [
        models.PointStruct(id=number, vector=vector, payload={"text": text, "source": source})
        for number, (text, source, vector) in enumerate(texts, start=1)
    ]


def _fill(client: Any) -> None:
    client.create_collection(COLLECTION, vectors_config=_vectors())
    client.upsert(COLLECTION, points=_points())


def test_query_is_a_retrieve_span(spans: CapturedSpans, client: Any) -> None:
    """Its collection, how many points were wanted, and those that came, in their order."""
    found = client.query_points(COLLECTION, [1.0, 0.0], limit=2)

    assert [point.id for point in found.points] == [1, 2]
    (span,) = spans.stage("retrieve")
    assert span.name == "retrieval handbook"
    assert (attributes(span)[keys.DATA_SOURCE], attributes(span)[keys.TOP_K]) == (COLLECTION, 2)
    assert loaded(span, keys.DOCUMENTS) == FOUND
    assert keys.QUERY not in attributes(span)


def test_async_query_is_a_retrieve_span(spans: CapturedSpans) -> None:
    """The same of the async client."""

    async def search() -> None:
        client = qdrant_client.AsyncQdrantClient(":memory:")
        await client.create_collection(COLLECTION, vectors_config=_vectors())
        await client.upsert(COLLECTION, points=_points())
        await client.query_points(collection_name=COLLECTION, query=[1.0, 0.0], limit=2)
        await client.close()

    asyncio.run(search())

    (span,) = spans.stage("retrieve")
    assert loaded(span, keys.DOCUMENTS) == FOUND


@pytest.mark.skipif(not hasattr(qdrant_client.QdrantClient, "search"), reason="a client without search()")
def test_search_is_a_retrieve_span(spans: CapturedSpans, client: Any) -> None:
    """Older clients have two ways to ask for points."""
    client.search(COLLECTION, [1.0, 0.0], limit=2)

    (span,) = spans.stage("retrieve")
    assert (span.name, attributes(span)[keys.TOP_K], loaded(span, keys.DOCUMENTS)) == ("retrieval handbook", 2, FOUND)


def test_error_is_recorded_and_passes_through(spans: CapturedSpans, client: Any) -> None:
    """A collection that is not there."""
    with pytest.raises(ValueError, match="not found"):
        client.query_points("nowhere", [1.0, 0.0])

    assert attributes(spans[0])[keys.ERROR_TYPE] == "ValueError"


def test_decorated_function_has_the_only_span(spans: CapturedSpans, client: Any) -> None:
    """What the function returns is what was retrieved."""

    @gs.retrieve
    def search(query: str) -> list[str]:
        points = client.query_points(COLLECTION, [1.0, 0.0], limit=2).points
        return [point.payload["text"] for point in points if point.payload and query]

    search("refunds?")

    (span,) = spans
    assert attributes(span)[keys.QUERY] == "refunds?"
    assert [chunk["content"] for chunk in loaded(span, keys.DOCUMENTS)] == [each["content"] for each in FOUND]


def test_answer_stands_on_what_the_client_found(spans: CapturedSpans, client: Any) -> None:
    """The client's span is the retrieve of its pipeline."""
    with gs.pipeline.span("p"):
        client.query_points(COLLECTION, [1.0, 0.0], limit=1)
        with gs.generate.span(prompt="?") as generate:
            generate.answer("!")

    (found,), (said,) = spans.stage("retrieve"), spans.stage("generate")
    assert found.context is not None
    assert attributes(said)[keys.CONTEXT_SPAN_IDS] == (f"{found.context.span_id:016x}",)


def test_library_is_as_it_was_after_the_undoing(client: Any) -> None:
    """The very methods that it came with."""
    before = qdrant_client.QdrantClient.query_points
    gs.instrument("qdrant")
    gs.integrations.uninstrument("qdrant")

    assert qdrant_client.QdrantClient.query_points is before
    with strict_spans() as spans:
        client.query_points(COLLECTION, [1.0, 0.0])
    assert len(spans) == 0

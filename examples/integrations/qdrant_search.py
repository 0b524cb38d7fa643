"""Qdrant's client, traced without a decorator: a query in a pipeline.

python examples/integrations/qdrant_search.py      # offline: the collection is in memory
"""

import groundspan as gs
from groundspan.testing import capture_spans
from qdrant_client import QdrantClient, models

TEXTS = {"Refunds take five days.": [1.0, 0.0], "Returns are free.": [0.0, 1.0]}


def main() -> None:
    """Search, and print the spans. An application calls gs.init() in place of capture_spans()."""
    client = collection()
    gs.instrument("qdrant")
    with capture_spans() as spans:
        find(client, "How long does a refund take?")
    for span in spans:
        told = span.attributes or {}
        print(span.name)
        for name in sorted(told):
            if name.startswith("gen_ai."):
                print(f"  {name}: {told[name]!r}")
    gs.integrations.uninstrument("qdrant")
    client.close()


def collection() -> QdrantClient:
    """Make a collection of two points."""
    client = QdrantClient(":memory:")
    client.create_collection("handbook", vectors_config=models.VectorParams(size=2, distance=models.Distance.COSINE))
    points = [
        models.PointStruct(id=number, vector=vector, payload={"text": text})
        for number, (text, vector) in enumerate(TEXTS.items(), start=1)
    ]
    client.upsert("handbook", points=points)
    return client


@gs.pipeline
def find(client: QdrantClient, question: str) -> str:
    """Make two spans: the pipeline, and the query in it."""
    vector = [1.0, 0.1] if "refund" in question else [0.1, 1.0]
    found = client.query_points("handbook", vector, limit=2).points
    return str((found[0].payload or {}).get("text"))


if __name__ == "__main__":
    main()

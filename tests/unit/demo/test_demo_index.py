"""The vector index of the demo, with its real model."""

from pathlib import Path

import pytest
from groundspan_demo.corpus import Passage

pytestmark = pytest.mark.demo

PASSAGES = [
    Passage("heapq.heappop#0", "heapq.heappop\nPop the smallest item off the heap.", "heapq", "heapq.heappop"),
    Passage("html.escape#0", "html.escape\nReplace special characters by sequences.", "html", "html.escape"),
    Passage("math.cos#0", "math.cos\nReturn the cosine of x (measured in radians).", "math", "math.cos"),
]


def test_nearest_passage_comes_first_when_searched(tmp_path: Path) -> None:
    """A question in other words finds its passage, with its id and where it comes from."""
    from groundspan_demo.index import build_index

    index = build_index(PASSAGES, tmp_path)
    best, *rest = index.search(index.embed("How do I get the least element of a priority queue?"), 3)

    assert (best["id"], best["metadata"]) == ("heapq.heappop#0", {"module": "heapq", "object": "heapq.heappop"})
    assert best["score"] > max(chunk["score"] for chunk in rest)


def test_vectors_are_kept_when_indexed_again(tmp_path: Path) -> None:
    """A second run reads the vectors of the first and finds the same."""
    from groundspan_demo.index import build_index

    first = build_index(PASSAGES, tmp_path)
    vector = first.embed("cosine")
    second = build_index(PASSAGES, tmp_path)

    assert len(list(tmp_path.glob("*.npy"))) == 1
    assert second.search(vector, 3) == first.search(vector, 3)


def test_vectors_are_made_anew_when_a_passage_changed(tmp_path: Path) -> None:
    """Vectors of another interpreter's docstrings are not taken for this one's."""
    from groundspan_demo.index import build_index

    build_index(PASSAGES, tmp_path)
    build_index(PASSAGES[:2], tmp_path)

    assert len(list(tmp_path.glob("*.npy"))) == 2


def test_index_is_built_when_vectors_cannot_be_kept(tmp_path: Path) -> None:
    """A read-only home costs time, not the demo."""
    from groundspan_demo.index import build_index

    blocked = tmp_path / "file"
    blocked.write_text("")
    index = build_index(PASSAGES, blocked / "folder")

    assert len(index.search(index.embed("heap"), 3)) == 3

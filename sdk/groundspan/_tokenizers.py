"""Which tokenizer counts a model's tokens, and whether it is at hand; nothing is downloaded unasked."""

import hashlib
import re
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Final, Literal, TypeAlias

from groundspan._guard import Guard
from groundspan._text import clean

Tokenizers: TypeAlias = Literal["local", "download", "off"]
Encoding: TypeAlias = Literal["o200k_base", "cl100k_base"]
CountTokens: TypeAlias = Callable[[str], int]

_O200K = re.compile(r"(?:chatgpt-4o|gpt-4o|gpt-4\.[15]|gpt-5|gpt-oss|o[134])(?![a-z0-9])")
_CL100K = re.compile(r"(?:gpt-4|gpt-3\.?5|text-embedding-3|text-embedding-ada-002)(?![a-z0-9])")
# tiktoken names a cached file by the SHA-1 of its address, and downloads again what has another content.
_FILES: Final = {
    "o200k_base": (
        "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "cl100k_base": (
        "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}
# Longer texts are refused by one tokenizer, and hold the interpreter long in both.
_PIECE_CHARS = 65_536

_LOADING = Guard("load a tokenizer; tokens are estimated")


@lru_cache(256)
def encoding_of(model: str | None) -> Encoding | None:
    """Name the encoding of one of OpenAI's models; other providers' have none that is public and at hand.

    Names of routers (``openai/gpt-4o``) and of fine-tuned models (``ft:gpt-4o:…``) are understood.
    """
    if not model:
        return None
    name = model.lower().rpartition("/")[2].removeprefix("ft:")
    if _O200K.match(name):
        return "o200k_base"
    return "cl100k_base" if _CL100K.match(name) else None


class Shelf:
    """The tokenizers that this process has; each is loaded when it is first needed, and stays."""

    def __init__(self, tokenizers: Tokenizers, cache_dir: Path | None) -> None:
        self._may_download = tokenizers == "download"
        self._cache_dir = cache_dir
        self._found: dict[Encoding, CountTokens | None] = {}
        self._downloads: dict[Encoding, threading.Thread] = {}

    def counting(self, encoding: Encoding) -> CountTokens | None:
        """Give what counts tokens of *encoding*; None where it is not at hand, or not yet."""
        if encoding not in self._found:
            found = self._local(encoding)
            if found is None and self._may_download:
                self._download(encoding)
                return self._found.get(encoding)
            self._found[encoding] = found
        return self._found[encoding]

    def _local(self, encoding: Encoding) -> CountTokens | None:
        with _LOADING:
            package = find_spec("bpe_openai")
            if package is not None:
                return _in_pieces(_bpe_openai(encoding, package))
        with _LOADING:
            if find_spec("tiktoken") is not None and _holds(self._cache_dir, encoding):
                return _in_pieces(_tiktoken(encoding))
        return None

    def _download(self, encoding: Encoding) -> None:
        """Let tiktoken download, beside the thread that sends: its download has no timeout."""
        running = self._downloads.get(encoding)
        if running is None or not running.is_alive():
            self._downloads[encoding] = thread = threading.Thread(
                target=self._fetch, args=(encoding,), name="groundspan-tokenizer", daemon=True
            )
            thread.start()

    def _fetch(self, encoding: Encoding) -> None:
        found: CountTokens | None = None
        with _LOADING:
            found = _in_pieces(_tiktoken(encoding))
        # What failed is not tried again: each try may take as long as a connection hangs.
        self._found[encoding] = found


def _bpe_openai(encoding: Encoding, package: ModuleSpec) -> CountTokens:
    return _checked(_extension(package).tokenizer_for_encoding(encoding).count)


def _extension(package: ModuleSpec) -> ModuleType:
    """Load the part of bpe-openai that counts, alone: importing the rest takes 0.4 s and 70 MB, and warns."""
    name = "bpe_openai._bindings"
    spec = PathFinder.find_spec(name, package.submodule_search_locations)
    if name not in sys.modules and spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        # The host may import the package later, and shares it then.
        sys.modules.setdefault(name, module)
    return sys.modules[name] if name in sys.modules else import_module(name)


def _tiktoken(encoding: Encoding) -> CountTokens:
    encode = import_module("tiktoken").get_encoding(encoding).encode_ordinary
    return _checked(lambda text: len(encode(text)))


def _checked(count: object) -> CountTokens:
    """Try a tokenizer before it is relied on."""
    if not callable(count) or count("a") != 1:
        raise TypeError(f"{count!r} counts no tokens")
    return count


def _in_pieces(count: CountTokens) -> CountTokens:
    def counting(text: str) -> int:
        text = clean(text)
        if len(text) <= _PIECE_CHARS:
            return count(text)
        return sum(count(text[start : start + _PIECE_CHARS]) for start in range(0, len(text), _PIECE_CHARS))

    return counting


def _holds(folder: Path | None, encoding: Encoding) -> bool:
    """Tell whether tiktoken's cache has the encoding, whole: a torn file would be downloaded again."""
    if folder is None:
        return False
    address, digest = _FILES[encoding]
    cached = folder / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    return cached.is_file() and hashlib.sha256(cached.read_bytes()).hexdigest() == digest

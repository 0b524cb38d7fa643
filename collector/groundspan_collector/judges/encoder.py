"""The cross-encoder of the local judge: a claim and its window in, log odds for the claim and each of its words out.

The graph and the tokens' spelling lie in the package; `make train` writes them.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]
from tokenizers import Encoding, Tokenizer

MODEL, TOKENIZER = "local.onnx", "local_tokenizer.json"
LONGEST_TOKENS: Final = 320

PIECES_OF_A_WORD: Final = 1.6
MOSTLY: Final = 0.4
"""At least so many of a claim's pieces are made of the letters a to z; the others are numbers and signs."""

Floats = npt.NDArray[np.float32]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network says of one claim beside its window, in log odds."""

    ungrounded: float
    """Not supported, whichever way."""
    contradicted: float
    """Contradicted rather than only unsupported."""
    words: tuple[tuple[Span, float], ...]
    """Each piece of a word of the claim, at its place in it: that it does not stand in the window."""
    is_english: bool
    """Whether the network can read it: other languages fall into many pieces, or into none it knows."""

    @property
    def worst(self) -> float:
        """The piece that is most at fault."""
        return max((odds for _, odds in self.words), default=self.ungrounded)


class Encoder:
    """A session of the network; one may be used by several threads."""

    def __init__(self, model: bytes, tokens: str, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        # A pair takes a few milliseconds: it is no sooner read by two threads, but two pairs are.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="groundspan-read") if threads > 1 else None
        self._tokenizer = Tokenizer.from_str(tokens)
        self._tokenizer.enable_truncation(LONGEST_TOKENS, strategy="longest_first")
        self._tokenizer.no_padding()

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[Reading]:
        """Read each (claim, window) by itself.

        Numbers are quantised over all that is read at once, so a claim read together with others would get another
        reading than alone; and on a CPU a batch is no faster.
        """
        cut = self._tokenizer.encode_batch(list(pairs))
        return list(self._pool.map(self._run, cut) if self._pool else map(self._run, cut))

    def _run(self, cut: Encoding) -> Reading:
        inputs = {
            "ids": np.array([cut.ids], np.int64),
            "types": np.array([cut.type_ids], np.int64),
            "lengths": np.array([len(cut.ids)], np.int32),
        }
        claim, word = self._session.run(("claim", "word"), inputs)
        return _reading(cut, claim[0], word[0, :, 0])


def shipped(threads: int) -> Encoder:
    """The network in the package."""
    folder = resources.files(__package__)
    return Encoder(folder.joinpath(MODEL).read_bytes(), folder.joinpath(TOKENIZER).read_text(encoding="utf-8"), threads)


def _reading(cut: Encoding, claim: Floats, word: Floats) -> Reading:
    supported, contradicted, unsupported = (float(logit) for logit in claim)
    words = tuple(
        (span, float(odds))
        for span, odds, sequence in zip(cut.offsets, word, cut.sequence_ids, strict=True)
        if sequence == 0
    )
    ungrounded = float(np.logaddexp(contradicted, unsupported)) - supported
    return Reading(ungrounded, contradicted - unsupported, words, _is_english(cut))


def _is_english(cut: Encoding) -> bool:
    pieces: dict[int, int] = {}
    for place, sequence, token in zip(cut.word_ids, cut.sequence_ids, cut.tokens, strict=True):
        if sequence == 0 and place is not None and token.isascii() and token.strip("#").isalpha():
            pieces[place] = pieces.get(place, 0) + 1
    known = sum(
        sequence == 0 and place is not None for place, sequence in zip(cut.word_ids, cut.sequence_ids, strict=True)
    )
    if not pieces or sum(pieces.values()) < MOSTLY * known:
        return False
    return sum(pieces.values()) <= PIECES_OF_A_WORD * len(pieces)

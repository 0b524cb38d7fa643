"""Pure: how many tokens a text has, where no tokenizer is at hand; bench/tokens.py measures how wrong it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_UPPER, _LOWER = "A-Z\u00c0-\u00de", "a-z\u00df-\u024f\u1e00-\u1eff"
# Tokenizers break a name where a capital begins: loadChunks is two words.
_WORDS = re.compile(f"[{_UPPER}]?[{_LOWER}]+|[{_UPPER}]+(?![{_LOWER}])")
_DIGITS = re.compile(r"[0-9]+")
_MARKS = re.compile(r"[!-/:-@\[-`{-~]+")
# A line's end belongs to the mark before it, and one space to the word behind it.
_BREAKS = re.compile(r"(?<![!-/:-@\[-`{-~\n])\n+|[ \t]{2,}")
_ASCII = re.compile(r"[\x00-\x7f]+")
_USUAL_WORD_CHARS = 6
_DIGITS_OF_A_TOKEN = 3
# A longer text is estimated from slices of it, so that no text costs more than a millisecond.
_WHOLE_CHARS = 16_384
_SLICES = 16
_SLICE_CHARS = 512

_SCRIPTS: Final[Mapping[str, re.Pattern[str]]] = {
    # Letters of Latin, whose words are counted already: a sign of a language that takes more tokens for a word.
    "umlaut": re.compile("[äöüßåøæÄÖÜÅØÆ]+"),
    "accent": re.compile("[\u00c0-\u00ff]+"),
    "latin": re.compile("[\u0100-\u024f]+"),
    "vietnamese": re.compile("[\u1e00-\u1eff]+"),
    "quote": re.compile("[\u00a0-\u00bf\u2000-\u200c\u200e-\u206f]+"),
    "cyrillic": re.compile("[\u0400-\u052f]+"),
    "arabic": re.compile("[\u0600-\u077f\ufb50-\ufdff\ufe70-\ufefc]+"),
    "devanagari": re.compile("[\u0900-\u097f]+"),
    "cjk": re.compile("[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+"),
    "hangul": re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]+"),
    # Greek to Thai, Georgian: alphabets that are rarer in what tokenizers were trained on.
    "letter": re.compile("[\u0370-\u03ff\u0530-\u05ff\u0780-\u08ff\u0980-\u10ff\u1200-\u1dff]+"),
}
"""Characters beyond ASCII by class; each has the first that it fits, and what fits none is a symbol, as emoji are."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Tokens of one encoding; of a character unless said otherwise."""

    by_script: Mapping[str, float]
    symbol: float
    word: float = 1.0
    """Of a Latin word of usual length."""
    further_letter: float = 0.12
    mark: float = 1.0
    """Of a run of punctuation."""
    further_mark: float = 0.1


O200K: Final = Rates(
    MappingProxyType(
        {
            "umlaut": 3.0,
            "accent": 0.7,
            "latin": 1.7,
            "vietnamese": 0.1,
            "quote": 0.9,
            "cyrillic": 0.29,
            "arabic": 0.355,
            "devanagari": 0.36,
            "cjk": 0.77,
            "hangul": 0.72,
            "letter": 0.4,
        }
    ),
    symbol=1.4,
)
CL100K: Final = Rates(
    MappingProxyType(
        {
            "umlaut": 7.0,
            "accent": 2.5,
            "latin": 2.5,
            "vietnamese": 1.3,
            "quote": 0.9,
            "cyrillic": 0.525,
            "arabic": 0.845,
            "devanagari": 1.235,
            "cjk": 1.1,
            "hangul": 1.2,
            "letter": 1.1,
        }
    ),
    symbol=2.3,
)


def estimated(text: str, rates: Rates = O200K) -> int:
    """Estimate the tokens of *text*: Latin words, digits and marks by the run, other scripts by the character."""
    if not text:
        return 0
    if len(text) <= _WHOLE_CHARS:
        return max(1, round(_tokens(text, rates)))
    step = len(text) // _SLICES
    slices = (text[start : start + _SLICE_CHARS] for start in range(0, _SLICES * step, step))
    return round(sum(_tokens(each, rates) for each in slices) * len(text) / (_SLICES * _SLICE_CHARS))


def _tokens(text: str, rates: Rates) -> float:
    words, marks = _WORDS.findall(text), _MARKS.findall(text)
    sizes = map(len, words)
    further_letters = sum([size - _USUAL_WORD_CHARS for size in sizes if size > _USUAL_WORD_CHARS])
    tokens = len(words) * rates.word + further_letters * rates.further_letter
    tokens += len(marks) * rates.mark + (sum(map(len, marks)) - len(marks)) * rates.further_mark
    tokens += sum([-(-len(run) // _DIGITS_OF_A_TOKEN) for run in _DIGITS.findall(text)])
    # Most short texts are one line: looking for that costs nothing beside the expression.
    if "\n" in text or "  " in text or "\t" in text:
        tokens += len(_BREAKS.findall(text))
    if not text.isascii():
        tokens += _beyond_ascii(_ASCII.sub("", text), rates)
    return tokens


def _beyond_ascii(text: str, rates: Rates) -> float:
    tokens = 0.0
    for script, characters in _SCRIPTS.items():
        others = characters.sub("", text)
        tokens += (len(text) - len(others)) * rates.by_script[script]
        text = others
        if not text:
            break
    return tokens + len(text) * rates.symbol

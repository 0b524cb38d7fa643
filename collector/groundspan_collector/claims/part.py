"""A stretch of an answer, and what it is."""

from dataclasses import dataclass

CLAIM, TITLE, ABSTENTION, ABOUT = "claim", "title", "abstention", "about"
GREETING, QUESTION, CITATION, CODE, MARK = "greeting", "question", "citation", "code", "mark"

FORMAT = "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
"""Characters that are not seen: controls, zero width, the direction of writing; as a class of the re module."""


def _unseen() -> str:
    """What a claim neither begins nor ends with: space and FORMAT, but an escape is part of a sequence."""
    codes = {0xAD, 0x61C, 0x180E, 0xFEFF, *range(0xA0), 0x1680, *range(0x2000, 0x2070), 0x3000}
    found = (char for char in map(chr, sorted(codes)) if char.isspace() or not char.isprintable())
    return "".join(found).replace("\x1b", "")


UNSEEN = _unseen()


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of an answer and what it is; only kind ``claim`` can be judged."""

    kind: str
    start: int
    end: int


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """``text[start:end]`` without what is not seen at its ends."""
    piece = text[start:end]
    low = start + len(piece) - len(piece.lstrip(UNSEEN))
    return low, low + len(piece.strip(UNSEEN))

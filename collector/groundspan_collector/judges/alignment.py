"""A claim laid beside a passage: what is the same in order, and what stands where something else stood."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from groundspan_collector.evidence import NAME, NOT, NUMBER, STOP, WORD, Word

LONGEST = 120
"""More words than this of either side are not aligned: the cost grows with the product of the two."""
WIDEST_SLOT = 4
"""A difference of more content words than this is another statement, not another value in the same slot."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Words of the claim that stand where the passage has other words."""

    kind: str
    said: tuple[Word, ...]
    found: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Alignment:
    """How much of a claim's content stands in the passage in the same order, and where the two disagree."""

    in_order: float
    differences: tuple[Difference, ...]


def align(claim: Sequence[Word], passage: Sequence[Word]) -> Alignment:
    """Lay *claim* beside *passage*, word by word."""
    said, found = claim[:LONGEST], passage[:LONGEST]
    content = sum(word.kind != STOP for word in said)
    if not content:
        return Alignment(0.0, ())
    matcher = SequenceMatcher(None, [word.stem for word in found], [word.stem for word in said], autojunk=False)
    same, changes = 0, []
    for change, found_from, found_to, said_from, said_to in matcher.get_opcodes():
        here = said[said_from:said_to]
        if change == "equal":
            same += sum(word.kind != STOP for word in here)
        else:
            changes.append((here, found[found_from:found_to]))
    return Alignment(same / content, tuple(_differences(changes)))


def _differences(changes: list[tuple[Sequence[Word], Sequence[Word]]]) -> Iterator[Difference]:
    for said, found in changes:
        ours = tuple(word for word in said if word.kind != STOP)
        theirs = tuple(word for word in found if word.kind != STOP)
        yield from _negated(ours, theirs)
        if not ours or not theirs or max(len(ours), len(theirs)) > WIDEST_SLOT:
            continue
        for kind in (NUMBER, NAME, WORD):
            mine = tuple(word for word in ours if word.kind == kind)
            other = tuple(word for word in theirs if word.kind == kind)
            if mine and other:
                yield Difference(kind, mine, other)


def _negated(ours: tuple[Word, ...], theirs: tuple[Word, ...]) -> Iterator[Difference]:
    mine = tuple(word for word in ours if word.kind == NOT)
    other = tuple(word for word in theirs if word.kind == NOT)
    if bool(mine) != bool(other) and max(len(ours), len(theirs)) <= WIDEST_SLOT:
        yield Difference(NOT, mine, other)

"""A claim laid beside a passage: what is the same in order, and what stands where something else stood."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from groundspan_collector.judges.words import OPPOSITES
from groundspan_collector.wording import NAME, NOT, NUMBER, STOP, Word

OPPOSITE = "opposite"
LONGEST = 120
"""More words than this of either side are not aligned: the cost grows with the product of the two."""
WIDEST_SLOT = 4
"""Where more content words differ than this, another thing is said, not another value of the same thing."""
COPIED_WORDS, COPIED_CONTENT = 4, 3
"""Words are copied if so many of them, or so many content words, stand together in both texts,"""
SHORT = 6
"""or one content word less in a claim of at most this many: there is no room for more."""

Words = Sequence[Word]


@dataclass(frozen=True, slots=True)
class Difference:
    """Words of the claim (*said*) that stand where the passage has others (*found*); either may be empty."""

    kind: str
    said: tuple[Word, ...]
    found: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Alignment:
    """How much of a claim stands in a passage, and where the two differ."""

    in_order: float
    """The share of the claim's content words that the passage has in the same order."""
    size: int
    """The claim's content words."""
    copied: int
    """Those that stand in runs long enough to have been copied."""
    differences: tuple[Difference, ...]


NOTHING = Alignment(0.0, 0, 0, ())


def align(claim: Words, passage: Words) -> Alignment:
    """Lay *claim* beside *passage*, word by word."""
    said, found = claim[:LONGEST], passage[:LONGEST]
    all_content = len(_content(said))
    if not all_content:
        return NOTHING
    matcher = SequenceMatcher(None, [word.stem for word in found], [word.stem for word in said], autojunk=False)
    changes = matcher.get_opcodes()
    enough = COPIED_CONTENT - (all_content <= SHORT)
    same = copied = 0
    differences: list[Difference] = []
    for place, (change, found_from, found_to, said_from, said_to) in enumerate(changes):
        ours, theirs = said[said_from:said_to], found[found_from:found_to]
        if change == "equal":
            content = len(_content(ours))
            same += content
            copied += content if len(ours) >= COPIED_WORDS or content >= enough else 0
        else:
            between = 0 < place < len(changes) - 1
            differences += _differences(ours, theirs, between)
    if all_content <= SHORT and same >= max(2, all_content - 1):
        # "The limit is 24 files" beside "The limit is 42 files": all but one word, though no run is long.
        copied = same
    return Alignment(same / all_content, all_content, copied, tuple(differences))


def _content(words: Words) -> list[Word]:
    return [word for word in words if word.kind != STOP]


def _differences(said: Words, found: Words, between: bool) -> Iterator[Difference]:
    ours, theirs = _content(said), _content(found)
    if len(ours) > WIDEST_SLOT or len(theirs) > WIDEST_SLOT:
        return
    yield from _negated(ours, theirs, between)
    for left in said:
        for right in found:
            if (left.stem, right.stem) in OPPOSITES:
                yield Difference(OPPOSITE, (left,), (right,))
    for kind in (NUMBER, NAME):
        mine = tuple(word for word in ours if word.kind == kind)
        other = tuple(word for word in theirs if word.kind == kind)
        if mine and other:
            yield Difference(kind, mine, other)


def _negated(ours: Words, theirs: Words, between: bool) -> Iterator[Difference]:
    """A "not" on one side alone, with no other content around it that could excuse it."""
    mine = tuple(word for word in ours if word.kind == NOT)
    other = tuple(word for word in theirs if word.kind == NOT)
    alone = len(mine) + len(other) == len(ours) + len(theirs)
    # Before the first word or after the last, a passage goes on with something else; a claim does not.
    if alone and bool(mine) != bool(other) and (between or mine):
        yield Difference(NOT, mine, other)

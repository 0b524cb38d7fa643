"""A claim beside one field of a record: does it give the field another value?

A field has no order of words to lay a claim along: "Ann Lee has 2 children" and ``{"name": "Ann Lee", "children": 4}``
meet in the name and in the key, and differ in the value.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from groundspan_collector.evidence import Passage
from groundspan_collector.judges.alignment import OPPOSITE, Difference
from groundspan_collector.judges.words import OPPOSITES
from groundspan_collector.wording import NAME, NOT, NUMBER, STOP, Word

MOST_WORDS = 8
"""A claim with more words than this beside the record's name speaks of more than one field."""
ALIKE = 5
"""Words that begin with the same letters, so many, are one word to a key: "departs" and "departure"."""

Words = Sequence[Word]
Asks = Callable[[Word], bool]


def differences(content: Words, passage: Passage, missing: Asks, elsewhere: Asks) -> Iterator[Difference]:
    """Where *content* gives the field in *passage* another value.

    *missing* words are nowhere in its record; *elsewhere* are those of them that another part of the context has.
    """
    if not _is_about(content, passage):
        return
    value = [word for word in passage.words if word.kind not in {STOP, NOT} and _is_inside(word, passage)]
    turned = _turned(content, passage)
    said_not, found_not = _negations(content), _negations(passage.words)
    if bool(said_not) ^ bool(found_not) ^ bool(turned):
        yield Difference(OPPOSITE, *turned) if turned else Difference(NOT, said_not, found_not)
        return
    numbers = tuple(word for word in value if word.kind == NUMBER)
    other = tuple(_other_numbers(content, passage, value, missing))
    if numbers and other:
        yield Difference(NUMBER, other, numbers)
    stems = {word.stem for word in content}
    others = tuple(word for word in content[1:] if missing(word) and (word.kind == NAME or elsewhere(word)))
    if value and not numbers and others and stems.isdisjoint(word.stem for word in value):
        yield Difference(NAME, others, tuple(value))


def closeness(content: Words, passage: Passage, missing: Asks) -> float:
    """1 where the claim is about the field; else how much of it the record has, squared."""
    if not content:
        return 0.0
    return 1.0 if _is_about(content, passage) else (1 - sum(map(missing, content)) / len(content)) ** 2


def _is_about(content: Words, passage: Passage) -> bool:
    """Whether a claim that is not long has a word of the field's key."""
    if passage.reading is None or passage.reading.key is None or passage.reading.value[0] == passage.reading.record:
        return False
    low, high = passage.reading.key
    key = {word.stem[:ALIKE] for word in passage.words if low <= word.start < high and word.kind != STOP}
    named = {
        word.stem for word in passage.words if any(start <= word.start < end for start, end in passage.reading.lead)
    }
    rest = [word for word in content if word.stem not in named]
    return len(rest) <= MOST_WORDS and any(word.stem[:ALIKE] in key for word in rest)


def _is_inside(word: Word, passage: Passage) -> bool:
    return passage.reading is not None and passage.reading.value[0] <= word.start < passage.reading.value[1]


def _negations(words: Iterable[Word]) -> tuple[Word, ...]:
    return tuple(word for word in words if word.kind == NOT)


def _turned(content: Words, passage: Passage) -> tuple[tuple[Word], tuple[Word]] | None:
    """A word of the claim and its opposite in the field."""
    said = [word for word in content if word.stem not in passage.stems]
    pairs = ((ours, theirs) for ours in said for theirs in passage.words if (ours.stem, theirs.stem) in OPPOSITES)
    return next((((ours,), (theirs,)) for ours, theirs in pairs), None)


def _other_numbers(content: Words, passage: Passage, value: Words, missing: Asks) -> Iterator[Word]:
    """The claim's numbers that are not the record's; all of them where none is the field's."""
    numbers = [word for word in content if word.kind == NUMBER]
    held = {word.stem for word in value}
    none_held = held.isdisjoint(word.stem for word in numbers)
    yield from (word for word in numbers if missing(word) or (none_held and word.stem not in passage.stems))

"""Sentences that a context supports, and the same sentences with one thing in them made wrong.

People label few sentences whose only fault is one number or one missing "not", so the lexical combiner also
sees faults that are made here, in sentences of the training sets. Nothing here knows the demo's mistakes.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

NUMBER = re.compile(r"(?<![\w.,])\d{1,4}(?![\w,]|\.\d)")
PROPER = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*\b")
AUXILIARY = re.compile(r"\b(is|are|was|were|can|could|will|would|should|must|has been|have been)\b(?! not\b)")
NEGATED = re.compile(r"\b(is|are|was|were|can|could|will|would|should|must|do|does|did) not ")
LEADING = re.compile(r"^[A-Z][^,.]{3,60}, (?=[a-z])")
TRAILING = re.compile(r", [^,]{8,}(?=\.$)")
APART = re.compile(r" \([^()]{3,60}\)")
ADVERB = re.compile(r" \b(?:also|however|often|usually|then|very|[a-z]{3,}ly)\b")
REPLACED = dict(
    pair.split(":")
    for pair in (
        "began:started", "big:large", "large:big", "use:employ", "used:employed", "show:display", "shows:displays",
        "help:assist", "get:obtain", "many:numerous", "build:construct", "buy:purchase", "kids:children",
        "quickly:rapidly", "said:stated", "also:additionally", "after:following", "about:approximately",
        "made:produced", "make:produce", "start:begin", "end:finish", "needs:requires", "need:require", "near:close to",
        "important:essential", "different:various", "film:movie", "movie:film", "allows:lets", "because:since",
    )
)  # fmt: skip
OPPOSED = {
    "first": "last", "before": "after", "increased": "decreased", "increase": "decrease", "highest": "lowest",
    "more": "fewer", "largest": "smallest", "always": "never", "win": "lose", "won": "lost", "north": "south",
    "east": "west", "public": "private", "with": "without", "above": "below", "all": "no", "begin": "end",
    "began": "ended", "early": "late", "old": "new", "high": "low", "small": "large", "true": "false",
}  # fmt: skip
CONNECTIVES = (" because ", " since ", " as ")


@dataclass(frozen=True, slots=True)
class Made:
    """A sentence made from a context: what was done to it, and whether the context still supports it."""

    kind: str
    text: str
    supported: bool


def verbatim(sentence: str, _: Sequence[str], __: random.Random) -> str:
    """The sentence as it is."""
    return sentence


def shortened(sentence: str, _: Sequence[str], draw: random.Random) -> str | None:
    """Without a part that can be left out."""
    for pattern in draw.sample([LEADING, TRAILING, APART, ADVERB], 4):
        short = pattern.sub("", sentence, count=1)
        if short != sentence and short.count(" ") >= 4:
            return short[0].upper() + short[1:]
    return None


def reworded(sentence: str, _: Sequence[str], __: random.Random) -> str | None:
    """With other words for the same."""
    return _changed(sentence, re.sub(r"\b\w+\b", lambda word: REPLACED.get(word[0], word[0]), sentence))


def introduced(sentence: str, _: Sequence[str], draw: random.Random) -> str:
    """After words that say where it is from."""
    lead = draw.choice(["According to the documents, ", "The context says that ", "In short, "])
    return lead + sentence


def other_number(sentence: str, _: Sequence[str], draw: random.Random) -> str | None:
    """With another number."""
    found = list(NUMBER.finditer(sentence))
    if not found:
        return None
    at = draw.choice(found)
    value = int(at[0])
    other = value + draw.choice([-7, -3, -2, -1, 1, 2, 3, 5, 10, value or 4])
    return _changed(sentence, f"{sentence[: at.start()]}{abs(other)}{sentence[at.end() :]}")


def other_name(sentence: str, others: Sequence[str], draw: random.Random) -> str | None:
    """With another name, from another document."""
    found = list(PROPER.finditer(sentence))
    names = [name for other in others for name in PROPER.findall(other)]
    if not found or not names:
        return None
    at = draw.choice(found)
    return _changed(sentence, sentence[: at.start()] + draw.choice(names) + sentence[at.end() :])


def negated(sentence: str, _: Sequence[str], draw: random.Random) -> str | None:
    """With "not" put in or taken out."""
    if NEGATED.search(sentence):
        return NEGATED.sub(r"\1 ", sentence, count=1)
    found = list(AUXILIARY.finditer(sentence))
    at = draw.choice(found).end() if found else 0
    return f"{sentence[:at]} not{sentence[at:]}" if at else None


def opposed(sentence: str, _: Sequence[str], draw: random.Random) -> str | None:
    """With a word turned into its opposite."""
    found = [at for at in re.finditer(r"\b[a-z]+\b", sentence) if at[0] in OPPOSED]
    if not found:
        return None
    at = draw.choice(found)
    return sentence[: at.start()] + OPPOSED[at[0]] + sentence[at.end() :]


def merged(sentence: str, others: Sequence[str], draw: random.Random) -> str | None:
    """The subject of this sentence with the predicate of a sentence about something else."""
    ours, theirs = AUXILIARY.search(sentence), None
    for other in draw.sample(others, len(others)):
        theirs = AUXILIARY.search(other)
        if theirs and 3 < theirs.start() < 60:
            break
    if not ours or not theirs or not 3 < ours.start() < 60:
        return None
    return sentence[: ours.start()] + theirs.string[theirs.start() :]


def caused(sentence: str, others: Sequence[str], draw: random.Random) -> str | None:
    """With a cause that nobody gave."""
    return f"{sentence[:-1]}{draw.choice(CONNECTIVES)}{_clause(draw.choice(others))}."


def added(sentence: str, others: Sequence[str], draw: random.Random) -> str | None:
    """With an addition that nobody made."""
    return f"{sentence[:-1]}{draw.choice([', and ', '; ', ', while '])}{_clause(draw.choice(others))}."


def _clause(sentence: str) -> str:
    words = sentence.rstrip(".").split()[:12]
    return " ".join([words[0].lower(), *words[1:]])


def _changed(before: str, after: str) -> str | None:
    return after if after != before else None


Maker = Callable[[str, Sequence[str], random.Random], str | None]
KEPT: tuple[Maker, ...] = (verbatim, shortened, reworded, introduced)
INSIDE: tuple[Maker, ...] = (other_number, negated, opposed)
FROM_CONTEXT: tuple[Maker, ...] = (other_name, merged)
FROM_ELSEWHERE: tuple[Maker, ...] = (other_name, caused, added)


def made(sentence: str, near: Sequence[str], far: Sequence[str], draw: random.Random) -> Iterator[Made]:
    """What can be made of *sentence*: *near* are sentences of its context, *far* are of no chunk of it."""
    recipes = [(maker, near, True) for maker in KEPT]
    recipes += [(maker, near, False) for maker in (*INSIDE, *FROM_CONTEXT)]
    recipes += [(maker, far, False) for maker in FROM_ELSEWHERE]
    for maker, others, supported in recipes:
        text = maker(sentence, others, draw) if others else None
        if text:
            yield Made(maker.__name__, text, supported)

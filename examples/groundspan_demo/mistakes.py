"""Six ways to be wrong: each turns a true statement into one that the passages do not bear out."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from groundspan_demo.corpus import Chunk
from groundspan_demo.statements import ATTRIBUTION, Statement
from groundspan_demo.wording import keywords, overlap

# A fact that another object's passage tells too in this share of its words may be true of both.
_SAME_FACT = 0.5
# What leans on the sentence before it says nothing of an object by itself.
_LEANING = re.compile(
    r"(This|It|If|Otherwise|These|They|That|Note|For|When|In|Such|By|The|There|All|Any|Can|Also|Each|Both)\b"
)

_NUMBER = re.compile(r"(?<![\w.*/(\[-])\d+(?:\.\d+)?(?!\.?\w)")
_NUMBER_WORDS = {
    "zero": "one",
    "two": "three",
    "three": "five",
    "four": "six",
    "five": "eight",
    "six": "four",
}
_NUMBER_WORD = re.compile(rf"\b({'|'.join(_NUMBER_WORDS)})\b")

_NAMES = {
    "ValueError": "KeyError",
    "KeyError": "IndexError",
    "TypeError": "OSError",
    "StopIteration": "RuntimeError",
    "OverflowError": "ZeroDivisionError",
    "StatisticsError": "ArithmeticError",
    "CalledProcessError": "TimeoutError",
    "Empty": "Full",
    "Full": "Empty",
    "PATH": "PYTHONPATH",
    "stdout": "stderr",
    "stderr": "stdout",
    "heappush": "heapify",
    "Base64": "Base32",
    "HTML": "XML",
    "JSON": "YAML",
    "LIFO": "random",
    "Gaussian": "binomial",
    "Euclidean": "Manhattan",
    "ISO": "IEEE",
    "dictionary": "list",
    "dict": "tuple",
    "tuple": "string",
    "text string": "byte string",
    "string": "list",
    "bytes": "string",
    "list of": "dictionary of",
}
_NAME = re.compile(rf"\b({'|'.join(_NAMES)})\b")

# The first that fits is used; a sentence that says no is turned before one that says yes.
_NEGATIONS = tuple(
    (re.compile(pattern), flipped)
    for pattern, flipped in (
        (r"\b(must|should|will|would|may|does|do|did|is|are|was|were|has|have) not\b", r"\1"),
        (r"\b(?:cannot|can't)\b", "can"),
        (r"\b(is|are|was|does|do|has)n't\b", r"\1"),
        (r"\bwon't\b", "will"),
        (r"\bwithout\b", "with"),
        (r"\bnever\b", "always"),
        (r"\bcan (?=[a-z])", "cannot "),
        (r"\b(must|should|will|would|may) (?=[a-z])", r"\1 not "),
        (r"\b(is|are|was|were) (?=[a-z])", r"\1 not "),
    )
)

_CAUSES = (
    "because the interpreter caches the outcome between calls",
    "because the operating system limits how much memory a call may take",
    "because an older release lost data on Windows",
    "because the underlying C compiler cannot optimise it otherwise",
    "because the garbage collector would slow it down",
    "because most processors have a special instruction for it",
)
_ADDITIONS = (
    "It also writes a warning to the system log every time.",
    "The outcome is kept on disk for the next run of the program.",
    "On Windows it needs administrator rights.",
    "It retries in the background before giving up.",
    "It was rewritten in Rust to be safe for parallel interpreters.",
    "A progress bar is shown when the input is large.",
    "Network drives are not supported.",
    "An audit event tells the administrator who asked.",
    "The outcome is signed, so that nobody can tamper with it.",
)


@dataclass(frozen=True, slots=True)
class Told:
    """A true statement, the chunks that were retrieved with it, and where chance comes from."""

    statement: Statement
    chunks: Sequence[Chunk]
    rng: random.Random


@dataclass(frozen=True, slots=True)
class Mistake:
    """What a careless answer says in place of a true statement."""

    planted: str
    """The sentence that is wrong, as it stands in the answer."""
    original: str
    """What would have been right; empty for an invented addition."""
    text: str
    """What the answer says in place of the statement: the planted sentence, and any truth kept beside it."""


def wrong_number(told: Told) -> Mistake | None:
    """Change a number that the passage states."""
    if told.statement.text.startswith("For example"):
        # Another example is no mistake.
        return None
    digits = _NUMBER.search(told.statement.text)
    if digits:
        return _replaced(told.statement, digits, _other_number(digits[0], told.rng))
    word = _NUMBER_WORD.search(told.statement.text)
    return _replaced(told.statement, word, _NUMBER_WORDS[word[0]]) if word else None


def wrong_name(told: Told) -> Mistake | None:
    """Put another exception, type, stream or format in the place of the one that the passage names."""
    for name in _NAME.finditer(told.statement.text):
        other = _NAMES[name[0]]
        if not any(other in chunk["text"] for chunk in _own_chunks(told)):
            return _reworded(told.statement, re.sub(rf"\b{name[0]}\b", other, told.statement.text))
    return None


def flipped_negation(told: Told) -> Mistake | None:
    """Say that something is so where the passage says that it is not, or the other way round."""
    if re.match(r"(Return|Returns) (True|true) if\b", told.statement.text):
        return _reworded(told.statement, _truth_swapped(told.statement.text))
    for pattern, flipped in _NEGATIONS:
        if pattern.search(told.statement.text):
            return _reworded(told.statement, pattern.sub(flipped, told.statement.text, count=1))
    return None


def merged_entities(told: Told) -> Mistake | None:
    """Tell a fact about one object as if it were about another one that was retrieved beside it."""
    others = [name for name in _strangers(told) if not _says_as_much(told, name)]
    if not others or _LEANING.match(told.statement.text):
        return None
    right = replace(told.statement, lead=ATTRIBUTION)
    wrong = str(replace(right, object=told.rng.choice(others)))
    return Mistake(planted=wrong, original=str(right), text=wrong)


def unstated_cause(told: Told) -> Mistake | None:
    """Give a reason that no passage gives."""
    return _reworded(told.statement, f"{told.statement.text.rstrip('.!')}, {told.rng.choice(_CAUSES)}.")


def invented_addition(told: Told) -> Mistake | None:
    """Add a fact that is made up."""
    addition = told.rng.choice(_ADDITIONS)
    return Mistake(planted=addition, original="", text=f"{told.statement} {addition}")


MISTAKES: dict[str, Callable[[Told], Mistake | None]] = {
    "number": wrong_number,
    "name": wrong_name,
    "negation": flipped_negation,
    "merged_entities": merged_entities,
    "unstated_cause": unstated_cause,
    "invented_addition": invented_addition,
}


def _reworded(statement: Statement, text: str) -> Mistake:
    wrong = str(replace(statement, text=text))
    return Mistake(planted=wrong, original=str(statement), text=wrong)


def _replaced(statement: Statement, found: re.Match[str], new: str) -> Mistake:
    return _reworded(statement, statement.text[: found.start()] + new + statement.text[found.end() :])


def _other_number(number: str, rng: random.Random) -> str:
    if "." in number:
        return f"{float(number) + rng.choice((0.1, 0.2, 0.3)):.1f}"
    return str(int(number) + rng.choice((2, 3, 4)))


def _truth_swapped(text: str) -> str:
    swap = {"True": "False", "False": "True", "true": "false", "false": "true"}
    return re.sub(r"\b(True|False|true|false)\b", lambda found: swap[found[0]], text)


def _own_chunks(told: Told) -> list[Chunk]:
    return [chunk for chunk in told.chunks if chunk["metadata"]["object"] == told.statement.object]


def _strangers(told: Told) -> list[str]:
    """Return the other objects that were retrieved, without the statement's own family and namesakes."""
    names = dict.fromkeys(chunk["metadata"]["object"] for chunk in told.chunks)
    return [name for name in names if not _kin(name, told.statement.object)]


def _kin(name: str, other: str) -> bool:
    # What is true of copy is often true of copy2, and what is true of a class of its methods.
    shorter, longer = sorted((name, other), key=len)
    return longer.startswith(shorter) or name.rpartition(".")[2] == other.rpartition(".")[2]


def _says_as_much(told: Told, name: str) -> bool:
    """Tell whether the passages about *name* share so many words that the fact may hold for it too."""
    theirs = " ".join(chunk["text"] for chunk in told.chunks if chunk["metadata"]["object"] == name)
    return overlap(keywords(told.statement.text), theirs) > _SAME_FACT

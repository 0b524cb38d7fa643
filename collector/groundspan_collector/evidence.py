"""For a claim, the passages of a context that are most able to support or refute it.

A context is read once per answer: its chunks are cut into statements (sentences, table rows, the leaves of a
JSON record), each with the place it stands at, and their words are indexed. A claim then looks only at the
statements that share its rarest words.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from groundspan_collector.claims import JSON_COLON, JSON_OPENING, JSON_TOKEN, statements

STOP, WORD, NAME, NUMBER, NOT = "stop", "word", "name", "number", "not"

MARKS = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
"""Vowel signs and accents, which stand inside words but are no letters to the re module."""
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
"""Scripts that put no spaces between words, or glue endings to them: two neighbours stand for a word."""
TOKEN = re.compile(
    # Most tokens are words, so they are tried first.
    rf"(?P<word>[^\W\d_{UNSPACED}](?:[^\W_{UNSPACED}]|[{MARKS}])*(?:['’][^\W\d_]+)?)"
    r"|(?P<date>\b(?:1[5-9]|20)\d\d-(?:0[1-9]|1[0-2])-[0-3]\d\b)"
    rf"|(?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:[.:]\d+)*)(?![^\W_{UNSPACED}])"
    rf"|(?P<unspaced>[{UNSPACED}]+)"
    rf"|(?P<mixed>[^\W_{UNSPACED}](?:[^\W_{UNSPACED}]|[{MARKS}])*)"
)
MEASURED = re.compile(r"(\d+)(?:st|nd|rd|th|k|m|bn|ms|s|kb|mb|gb|px|x|am|pm|c|f|kg|cm|mm|km|h|min)$")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _numbered(words: str, start: int, step: int) -> dict[str, str]:
    return {word: str(start + step * place) for place, word in enumerate(words.split())}


MONTHS = _numbered("january february march april may june july august september october november december", 1, 1)
MONTH_BY_NUMBER = {number: month for month, number in MONTHS.items()}
SHORT_MONTHS = {month[:3]: month for month in MONTHS if month != "may"} | {"sept": "september"}
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
COUNTS = (
    _numbered("two three four five six seven eight nine", 2, 1)
    | _numbered(TEENS, 10, 1)
    | _numbered("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10)
    | {"zero": "0", "twice": "2", "dozen": "12", "hundred": "100", "thousand": "1000", "million": "1000000"}
)
FACTORS = {"hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
NEGATIONS = _set("not no never none nothing neither nor without cannot nobody nicht kein keine ne pas")
STOPWORDS = _set(
    "a an the this that these those such it its itself he him his she her hers they them their theirs we us our i"
    " me my you your yours who whom whose which what when where why how if then than as of in on at by for from to"
    " into onto with within about over under between through during and or but so yet both either also too very"
    " just only even still there here is are was were be been being am do does did doing done has have had having"
    " can could will would shall should may might must ought let get gets got one ones other others another each"
    " any some all every few more most much many own same up down out off again once because while until although"
    " though however therefore thus hence whether upon per via etc e.g i.e s t re ve ll d m"
    " der die das ein eine und oder ist sind war von zu mit auf für im den dem des"
    " le la les un une et ou est sont de du au aux en pour par sur dans que qui ce cette"
    " el los las una y o es son del al con por para se su como"
)
IRREGULAR = dict(
    pair.split(":")
    for pair in _set(
        "began:begin begun:begin gave:give given:give took:take taken:take made:make said:say found:find left:leave"
        " held:hold wrote:write written:write ran:run went:go gone:go knew:know known:know saw:see seen:see came:come"
        " became:become bought:buy brought:bring thought:think kept:keep sent:send built:build lost:lose met:meet"
        " paid:pay led:lead died:die children:child men:man women:woman people:person chose:choose chosen:choose"
        " grew:grow grown:grow told:tell spent:spend rose:rise fell:fall fallen:fall won:win broke:break broken:break"
        " spoke:speak spoken:speak drove:drive driven:drive data:datum better:good best:good"
    )
)
NAMING_KEYS = frozenset(["name", "title"])
"""What stands under these keys names the record: the values after it are of that thing."""
CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^A-Za-z\s_]+")
VOWELS = frozenset("aeiouy")


class Word(NamedTuple):
    """A word as it is compared (*stem*) and where it stands."""

    stem: str
    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage of the context: the index of its chunk, and code points within that chunk."""

    chunk: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence, row or leaf of a chunk, with its words."""

    at: Evidence
    words: tuple[Word, ...]
    stems: frozenset[str]


@dataclass(frozen=True, slots=True)
class Passage:
    """A statement, with the neighbour it needs to be understood, if any."""

    at: Evidence
    words: tuple[Word, ...]
    stems: frozenset[str]
    size: int
    """Content words of the statement itself, without its neighbour."""
    score: float


@dataclass(frozen=True, slots=True)
class Index:
    """A context made ready to be asked for passages."""

    context: tuple[str, ...]
    statements: tuple[Statement, ...]
    postings: dict[str, list[int]]

    def rarity(self, stem: str) -> float:
        """How much it tells that a statement has *stem*: rare words tell more."""
        return math.log(1 + len(self.statements) / (1 + len(self.postings.get(stem, ()))))


def read(context: Sequence[str]) -> Index:
    """Cut *context* into statements and index their words."""
    statements = tuple(statement for chunk, text in enumerate(context) for statement in _statements(chunk, text))
    postings: dict[str, list[int]] = {}
    for number, statement in enumerate(statements):
        for stem in statement.stems:
            postings.setdefault(stem, []).append(number)
    return Index(tuple(context), statements, postings)


def passages(index: Index, stems: Iterable[str], limit: int = 3) -> list[Passage]:
    """The *limit* passages that share the most telling words with *stems*, best first."""
    asked = {stem: index.rarity(stem) for stem in stems if stem in index.postings}
    scores: dict[int, float] = {}
    for stem, rarity in asked.items():
        for number in index.postings[stem]:
            scores[number] = scores.get(number, 0.0) + rarity
    best = sorted(scores, key=lambda number: (-scores[number], number))[:limit]
    return [_passage(index, number, scores[number], asked) for number in best]


def _passage(index: Index, number: int, score: float, asked: dict[str, float]) -> Passage:
    """The statement *number*, with the neighbour that adds more than a fifth to its score, if one does."""
    own = index.statements[number]
    size = sum(word.kind != STOP for word in own.words)
    added, other = 0.0, own
    for neighbour in index.statements[max(0, number - 1) : number + 2]:
        gain = sum(asked.get(stem, 0.0) for stem in neighbour.stems - own.stems)
        if neighbour.at.chunk == own.at.chunk and gain > added:
            added, other = gain, neighbour
    if added <= 0.2 * score:
        return Passage(own.at, own.words, own.stems, size, score)
    first, second = sorted((own, other), key=lambda statement: statement.at.start)
    at = Evidence(own.at.chunk, first.at.start, second.at.end)
    return Passage(at, first.words + second.words, own.stems | other.stems, size, score + added)


def words(text: str, start: int = 0, end: int | None = None) -> Iterator[Word]:
    """The words of ``text[start:end]`` as they are compared, stop words and all."""
    for token in TOKEN.finditer(text, start, len(text) if end is None else end):
        low, high = token.span()
        if token.lastgroup in {"word", "mixed"}:
            yield Word(*normal(token[0]), low, high)
        elif token.lastgroup == "number":
            yield Word(_plain(token[0]), NUMBER, low, high)
        elif token.lastgroup == "unspaced":
            for place in range(low, max(high - 1, low + 1)):
                stop = min(place + 2, high)
                yield Word(text[place:stop], WORD, place, stop)
        else:
            year, month, day = token[0].split("-")
            yield Word(year, NUMBER, low, low + 4)
            yield Word(MONTH_BY_NUMBER[month.lstrip("0")], NAME, low + 5, low + 7)
            yield Word(_plain(day), NUMBER, low + 8, high)


@lru_cache(maxsize=65_536)
def normal(token: str) -> tuple[str, str]:
    """The stem of *token* and its kind."""
    plain = unicodedata.normalize("NFKC", token).casefold().replace("’", "'")
    if plain in NEGATIONS or plain.endswith("n't"):
        return "not", NOT
    plain = plain.removesuffix("'s")
    if plain == "one" or plain in STOPWORDS:
        return ("1" if plain == "one" else plain), STOP
    if plain in COUNTS:
        return COUNTS[plain], NUMBER
    if measured := MEASURED.match(plain):
        return _plain(measured[1]), NUMBER
    plain = SHORT_MONTHS.get(plain, plain)
    return stem(plain), NAME if token[:1].isupper() else WORD


def stem(word: str) -> str:
    """*word* without its English endings, so that "stored", "storing" and "stores" are one word."""
    word = IRREGULAR.get(word, word)
    if len(word) < 4 or not word.isascii():
        return word
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-2] if word.endswith(("sses", "xes", "ches", "shes")) else word[:-1]
    for ending in ("ing", "ied", "ed", "ion", "ment", "ly", "er", "or"):
        rest = word.removesuffix(ending)
        if len(rest) > 2 and rest != word and not VOWELS.isdisjoint(rest):
            word = rest + "y" * (ending == "ied")
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] in "ey" else word


def _plain(number: str) -> str:
    """One spelling for one number: 1,000 is 1000, 3.50 is 3.5, ٣ is 3."""
    digits = "".join(str(unicodedata.digit(char, char)) for char in number.replace(",", ""))
    if digits.count(".") == 1 and ":" not in digits:
        digits = digits.rstrip("0").removesuffix(".")
    return digits.lstrip("0") or "0"


def _statements(chunk: int, text: str) -> Iterator[Statement]:
    if JSON_OPENING.match(text):
        yield from _record(chunk, text)
        return
    for start, end in statements(text):
        yield _statement(chunk, start, end, words(text, start, end))


def _statement(chunk: int, start: int, end: int, found: Iterable[Word]) -> Statement:
    kept = tuple(found)
    stems = frozenset(word.stem for word in kept if word.kind != STOP)
    return Statement(Evidence(chunk, start, end), kept, stems)


def _record(chunk: int, text: str) -> Iterator[Statement]:
    """The leaves of a JSON record, each read with its keys and the record's name: "Blue Cafe: not WiFi"."""
    path: list[tuple[int, int] | None] = []
    key: tuple[int, int] | None = None
    name: tuple[Word, ...] = ()
    for token in JSON_TOKEN.finditer(text):
        if token["mark"] is not None:
            for mark in token["mark"]:
                if mark in "{[":
                    path.append(key)
                elif mark in "}]" and path:
                    path.pop()
                if mark in "{[,":
                    key = None
        elif token.lastgroup == "string" and JSON_COLON.match(text, token.end()):
            key = token.span()
        else:
            keys = [span for span in [*path, key] if span]
            leaf = tuple(_leaf(text, keys, token))
            yield _statement(chunk, key[0] if key else token.start(), token.end(), name + leaf)
            if key and text[slice(*key)].strip('"').casefold() in NAMING_KEYS:
                name = tuple(words(text, *token.span()))


def _leaf(text: str, keys: list[tuple[int, int]], value: re.Match[str]) -> Iterator[Word]:
    plain = value[0].strip('" ').casefold()
    if plain in {"false", "no", "none", "null"}:
        yield Word("not", NOT, *value.span())
    for low, high in keys:
        yield from words(text, low, high)
        # "OutdoorSeating" is also "outdoor seating".
        inner = list(CAMEL.finditer(text, low + 1, high - 1))
        for part in inner if len(inner) > 1 else ():
            yield from words(text, *part.span())
    if plain not in {"false", "no", "none", "null", "true", "yes"}:
        yield from words(text, *value.span())

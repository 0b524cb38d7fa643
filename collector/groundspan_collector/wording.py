"""The words of a text as they are compared: endings, numbers, dates, hours and negations in one spelling each."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

STOP, WORD, NAME, NUMBER, NOT = "stop", "word", "name", "number", "not"

MARKS = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
"""Vowel signs and accents, which stand inside words but are no letters to the re module."""
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
"""Scripts that put no spaces between words, or glue endings to them: two neighbours stand for a word."""
TOKEN = re.compile(
    # Most tokens are words, so they are tried first.
    rf"(?P<word>[^\W\d_{UNSPACED}](?:[^\W_{UNSPACED}]|[{MARKS}])*(?:['’][^\W\d_]+)?)"
    r"|(?P<clock>(?<![\d.,:])(?P<hour>0?\d|1[0-2])(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>[apAP])(?:\.m\b\.?|[mM]\b))"
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
        " spoke:speak spoken:speak drove:drive driven:drive data:datum better:good best:good closed:shut"
    )
)
VOWELS = frozenset("aeiouy")


class Word(NamedTuple):
    """A word as it is compared (*stem*) and where it stands."""

    stem: str
    kind: str
    start: int
    end: int


def words(text: str, start: int = 0, end: int | None = None) -> Iterator[Word]:
    """The words of ``text[start:end]`` as they are compared, stop words and all."""
    for token in TOKEN.finditer(text, start, len(text) if end is None else end):
        low, high = token.span()
        if token.lastgroup in {"word", "mixed"}:
            yield Word(*normal(token[0]), low, high)
        elif token.lastgroup == "number":
            yield Word(_plain(token[0]), NUMBER, low, high)
        elif token.lastgroup == "clock":
            yield Word(_of_day(token), NUMBER, low, high)
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
    if digits[-2:-1] == ":" and digits.count(":") == 1:
        digits = digits[:-1] + "0" + digits[-1]  # 8:0 is 8:00
    return digits.lstrip("0") or "0"


def _of_day(clock: re.Match[str]) -> str:
    """The time on a clock with 24 hours: 9 pm is 21:00."""
    hour = int(clock["hour"]) % 12 + (12 if clock["half"] in "pP" else 0)
    return _plain(f"{hour}:{clock['minute'] or '00'}")

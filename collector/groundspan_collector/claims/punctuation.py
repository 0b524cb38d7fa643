"""Where a sentence ends."""

import re
from collections.abc import Iterator

from groundspan_collector.claims.part import UNSEEN, trimmed

LONGEST_SENTENCE = 2_000
"""Text without punctuation is cut at a space before this many characters, so that it is not one claim."""
STRONG_ENDS = "。！？｡।॥؟۔։።។။"
"""Marks that always end a sentence; a full stop may stand in a number or an abbreviation."""
WIDE = "\u2e7f"
"""Scripts after this character put no space between sentences."""

END = re.compile(
    rf"(?P<mark>[.!?…]+|[{STRONG_ENDS}]+)"
    r"(?P<closing>(?:\[\^?\d{1,3}(?:[,–-]\s?\d{1,3}){0,9}\]|【[^】\n]{0,40}】|[\"'”’»›」』)\]*_`¹²³⁴⁵⁶⁷⁸⁹⁰]){0,20})"
)
LAST_WORD = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]+$|\d+$")
CODE_NAME = re.compile(r"[a-z_]\w*(?:\.\w|\(|_\w)|`")
QUOTED_ON = re.compile(r"と|って|という|は|が|を|に|の|など|だ|で")
"""After a Japanese quotation these go on with the sentence that quotes it."""
GLUED = re.compile(r"[a-z]{2,}\.(?:The|It|In|This|That|These|However|If|When|You|They|We|He|She|For|A|An) ")
"""A writer forgot the space between two sentences."""
STARTER = re.compile(
    r"(?:The|It|Its|In|This|That|These|Those|An?|He|She|They|We|You|His|Her|Their|However|If|When|On|At|For|As"
    r"|But|And|There|Then|Also|By|With|After|Before|While|Since|Some|All|Most|Many|According|Use|To"
    r"|Der|Die|Das|Den|Dem|Eine?|Es|Er|Sie|Wir|Ich|Im|Bei|Mit|Für|Diese[rs]?|Danach|Dann|Auch|Aber"
    r"|Le|Les?|Une?|Ils?|Elles?|On|Ce|Cette|Ces|En|Dans|Pour|Il"
    r"|El|La|Los|Las|Una|Su|Sus|Se|Para|Por|Con|Est[ea]|También)\b"
)
ORDINAL_AFTER = {"am", "im", "vom", "zum", "der", "die", "das", "den", "dem", "des", "seit", "bis", "ab", "beim"}
"""German: "am 3. Oktober", "der 2. Weltkrieg"; after these words a number with a full stop counts."""
LETTERED = {"vitamin", "vitamine", "vitamina", "hepatitis", "plan", "type", "typ", "option", "appendix", "section"}
LETTERED |= {"grade", "group", "class", "figure", "table", "answer", "choice", "exhibit", "schedule", "category"}
LETTERED |= {"series", "phase", "level", "team", "zone", "line", "point", "step", "model", "part", "item"}
"""What is told apart by a letter: "vitamin C." ends, "author J." goes on."""
ABBREVIATED = {
    "never": "mr mrs ms dr prof st vs e.g i.e cf ca approx gen sen rep gov capt col lt sgt rev hon univ d.h z.b bzw"
    " zz mm mme mlle sr sra dra srta ud uds ee av vgl ggf evtl inkl incl excl resp mt ft adm pres dept viz"
    " p.ej p.ex máx mín núm pág págs tel bspw sog zzgl",
    "starter": "etc inc ltd co corp jr ph.d al usw jan feb mar apr jun jul aug sep sept oct nov dec uu mio mrd esq"
    " ave blvd u.a u.s",
    "digit": "no nos vol p pp fig figs ch sec eq nr art ver abs kap abb s",
}
SPACED = re.compile(r"(?:d\. ?h|z\. ?B|u\. ?a|p\. ?ej|p\. ?ex|[ad]\. ?C|av\. ?J|EE\. ?UU)\.")
"""Abbreviations of two words, whose first full stop is followed by a space."""
ENDS_IF = {word: rule for rule, words in ABBREVIATED.items() for word in words.split()}


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """The sentences of ``text[start:end]`` as trimmed stretches; none is longer than LONGEST_SENTENCE."""
    end = len(text) if end is None else end
    low = start
    for mark in END.finditer(text, start, end):
        if _is_end(text, low, mark, end):
            yield from _pieces(text, low, mark.end())
            low = mark.end()
    yield from _pieces(text, low, end)


def _is_end(text: str, low: int, mark: re.Match[str], end: int) -> bool:
    stop = mark.end()
    following = text[stop : min(end, stop + 40)]
    if mark["mark"][0] in STRONG_ENDS or not following:
        return not (mark["closing"][-1:] in {"」", "』"} and QUOTED_ON.match(following))
    if following[0] > WIDE:
        return mark["mark"].strip("…") not in {"", "."}
    if not following[0].isspace() and following[0] not in UNSEEN:
        return following.startswith(("<br", "</p", "</li", "\\n")) or _is_glued(text, low, mark)
    rest = following.lstrip(UNSEEN + "\"'“‘«([*_")
    if rest[:1].islower() and not CODE_NAME.match(following.lstrip()):
        # "etc. and so on" goes on, but in text that has lost its capitals a full stop stands apart.
        return text[mark.start() - 1 : mark.start()].isspace()
    return mark["mark"] != "." or not _is_abbreviated(text, low, mark.start(), rest)


def _is_glued(text: str, low: int, mark: re.Match[str]) -> bool:
    word = max(low, text.rfind(" ", low, mark.start()) + 1)
    return mark["mark"] == "." and mark.start() - word < 30 and GLUED.match(text, word) is not None


def _is_abbreviated(text: str, low: int, dot: int, rest: str) -> bool:
    before = text[max(low, dot - 24) : dot]
    last = LAST_WORD.search(before)
    if not last:
        return False
    word, spoken = last[0].casefold(), before[: last.start()].rstrip(" \t\r\n\"'(*[")
    if not spoken and low + len(before) >= dot and (word.isdigit() or len(word) == 1):
        return True  # "1." or "a." at the beginning counts, it does not end
    if word.isdigit():
        return len(word) < 3 and spoken.rsplit(" ", maxsplit=1)[-1].casefold() in ORDINAL_AFTER
    if SPACED.match(text, dot - len(word)):
        return True
    if len(word) == 1 and last[0].isupper() and not rest[:1].isdigit():
        return _is_initial(spoken, rest)
    rule = ENDS_IF.get(word, "starter" if "." in word else "")
    if rule == "digit":
        return rest[:1].isdigit()
    return rule == "never" or (rule == "starter" and not STARTER.match(rest))


def _is_initial(spoken: str, rest: str) -> bool:
    """Whether a lone capital letter shortens a name: "George W. Bush", "the author J. Smith", "a. C."."""
    last = spoken.rsplit(" ", maxsplit=1)[-1]
    if spoken[-1:] == "°" or spoken[-1:].isdigit():
        return False  # a unit: 250F, 30 °C
    return last[:1].isupper() or (
        rest[:1].isupper() and not STARTER.match(rest) and last.strip("\"'(*_").casefold() not in LETTERED
    )


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        cut = end
        if end - start > LONGEST_SENTENCE:
            space = text.rfind(" ", start + LONGEST_SENTENCE // 2, start + LONGEST_SENTENCE)
            cut = space if space > 0 else start + LONGEST_SENTENCE
        low, high = trimmed(text, start, cut)
        if low < high:
            yield low, high
        start = cut

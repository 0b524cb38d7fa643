"""An answer is cut into claims, each with the exact place it stands at.

Every letter and digit of an answer belongs to one *part*. Parts of kind ``claim`` can be checked against a context.
The other kinds (greetings, questions, words about the answer itself, citations, code, titles, abstentions) say
nothing of the world; they are left out of the claims, and nothing else is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

LONGEST_SENTENCE = 2_000
"""Text without punctuation is cut at a space before this many characters, so that it is not one claim."""
SHORT_LINE = 50
"""A line shorter than this was ended by its writer, not by wrapping."""
MARGIN = 80
"""Marks of list items and quotes stand within this many characters of the beginning of a line."""
HEAD = 300
"""What a sentence is shows at its beginning: this many characters of it are looked at."""


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


STRONG_ENDS = "。！？｡।॥؟۔"
END = re.compile(
    rf"(?P<mark>[.!?…]+|[{STRONG_ENDS}]+)"
    r"(?:\[\d{1,3}(?:[,–-]\s?\d{1,3}){0,9}\]|[\"'”’»」』)\]*_`]){0,20}"
)
LAST_WORD = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]+$|\d+$")
CODE_NAME = re.compile(r"[a-z_]\w*(?:\.\w|\(|_\w)|`")
STARTER = re.compile(
    r"(?:The|It|Its|In|This|That|These|Those|An?|He|She|They|We|You|His|Her|Their|However|If|When|On|At|For|As"
    r"|But|And|There|Then|Also|By|With|After|Before|While|Since|Some|All|Most|Many|According|Use|To)\b"
)
ABBREVIATED = {
    "never": "mr mrs ms dr prof st vs e.g i.e cf ca approx gen sen rep gov capt col lt sgt rev hon univ d.h z.b bzw",
    "starter": "etc inc ltd co corp jr ph.d al usw jan feb mar apr jun jul aug sep sept oct nov dec",
    "digit": "no nos vol p pp fig figs ch sec eq nr art ver",
}
ENDS_IF = {word: rule for rule, words in ABBREVIATED.items() for word in words.split()}

FENCE = re.compile(r"\s{0,8}(```+|~~~+)\s*([\w+-]*)")
HEADING = re.compile(r"\s{0,3}#{1,6}\s+")
BOLD_LINE = re.compile(r"\s*(\*\*|__)[^*_\n]{1,80}\1\s*:?\s*$")
QUOTE = r"\s*(?:>(?!>>)\s?)"
MARKER = _any(
    rf"{QUOTE}*\s*(?:[-*+•‣◦▪●·–—]|\(?(?:\d{{1,3}}|[a-z]|[ivx]{{2,4}})[.)]|\(?[A-Z]\))(?:\s+(?:\[[ xX]\]\s+)?|$)",
    rf"\s*\d{{1,3}}、|{QUOTE}+",
)
DOCTEST = re.compile(r"\s*(?:>>>|\.\.\.)\s")
TABLE_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
JSON_OPENING = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\"{\[\]])")
JSON_TOKEN = re.compile(
    r'"(?P<string>(?:[^"\\]|\\.)*)(?:"|\\?\Z)'
    r"|(?P<scalar>-?\d[\d.eE+-]*|true|false|null)(?=\s*(?:[,}\]]|\Z))"
    r"|(?P<mark>[{}\[\],:\s]+)"
    r'|(?P<loose>[^"{}\[\],]+|.)',
    re.DOTALL,
)
JSON_COLON = re.compile(r"\s*:")

DRESS = re.compile(r"[*_#`>\s]+")
REFERENCE = _any(r"https?://\S+", r"\[[^\[\]\n]{0,60}\]", r"\((?:source|passage|see|ref)[^()\n]{0,80}\)")
SOURCE = re.compile(r"(?:sources?|references?|citations?|see also|来源)\s*:|(?:according to |see )?passages? \d\W*$")
GREETING = _any(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|sure(?: thing)?|certainly|of course|absolutely"
    r"|(?:great|good)(?: question)?|okay|ok|alright|thanks|thank you|you(?:'re| are) welcome|sorry|hallo"
    r"|guten tag|gerne|bonjour|merci|bien sûr|¡?hola|gracias|claro|ciao)"
    r"(?:[\s,]+(?:there|everyone|all|again|you|(?:so|very) much|user|friend|to you|for (?:asking|your question)))*\W*$",
    r"(?:你好|您好|谢谢|当然|こんにちは)\W*$|(?:i|we) (?:hope|trust) (?:this|that|it|these)\b",
    r"happy to help|is there anything else|(?:please )?(?:let me know|feel free|don't hesitate|do not hesitate)\b",
    r"if you (?:have|need|want|would like)(?: \w+){0,6}? (?:questions?|help|assistance)\b",
)
ABOUT = _any(
    r"(?:\w+[,!] )?(?:(?:based on|according to|from|using) [^,:]{0,80}[,:]? ?)?"
    r"(?:here(?:'s| is| are)|below (?:is|are)|(?:the )?following (?:is|are)|this is)\b[^.:]{0,80}"
    r"\b(?:summary|answer|response|overview|explanation|list|breakdown|examples?|recap|translation)\b",
    r"(?:this|that|the) (?:information|answer|summary) (?:can be found|is (?:based|taken|from)|comes)\b",
    r"(?:please )?note that (?:this|the) (?:answer|summary|response)\b",
    r"(?:hier ist|voici|aquí (?:está|tienes?)|以下是|总结如下)",
)
LEAD_IN = re.compile(r"\b(?:here(?:'s| is| are)|as follows|following|follow these|answer)\b")
SAYING = r"(?:mention|say|state|contain|provide|specify|include|address|discuss|give|cover|explain|describe)"
TEXTS = r"(?:contexts?|passages?|document(?:s|ation)?|docs|materials?|texts?|sources?|articles?|excerpts?|chunks?)"
ABSENCE = _any(
    rf"\b(?:{TEXTS}|(?:given|provided|available|retrieved) (?:information|data|content))\b[^.;]{{0,60}}?"
    rf" (?:(?:do|does|did)(?: not|n't)|fails? to|never) (?:\w+ly |appear to )?(?:{SAYING}|have \w+ info)",
    rf"\b(?:not|isn't|aren't) (?:\w+ly )?(?:{SAYING}(?:d|ed)?|given|found|available)"
    rf" (?:in|by|within) (?:the |this |these |any |your )?(?:\w+ )?(?:{TEXTS}|information)\b",
    r"\b(?:kontext|text|dokumente?) (?:enthält|nennt|erwähnt|gibt) (?:\w+ )?(?:kein|nicht)",
    r"\b(?:contexte|texte|documents?|passages?) ne (?:\w+ )?(?:mentionn|contien|précis|indiqu|fourni|donn)",
    r"\b(?:contexto|texto|documentos?) no (?:\w+ )?(?:menciona|contiene|dice|especifica|indica|proporciona)",
    r"(?:没有|未)(?:提到|提及|提供|说明|包含)|記載(?:が|は)?(?:ありません|されていません)",
)
REFUSAL = _any(
    r"\bunable to (?:answer|provide|find|determine|help|assist)\b",
    r"\b(?:i|we) (?:do not|don't|cannot|can't|could not|couldn't|am not able to|am unable to)"
    r" (?:know|answer|say|tell|help|assist|find|determine|provide|have (?:enough|any|sufficient|access))\b",
    r"\b(?:as an ai|cannot (?:be )?(?:answer|determine)(?:e?d)?)\b",
    r"^(?:there is |there's )?(?:no|not enough|insufficient) (?:\w+ )?(?:information|context|data)\b",
    r"^(?:i'm|i am) (?:sorry|not sure|afraid)\b",
    rf"^(?:not (?:\w+ )?in the (?:{TEXTS})|no answer|unknown|n/a|i don't know)\W*$",
    r"\b(?:ich weiss|weiss ich) (?:es )?(?:leider )?nicht\b|\bkann ich nicht (?:beantworten|sagen)\b",
    r"\bje ne (?:sais|peux|trouve)\b|\bno (?:lo )?(?:sé|puedo responder|tengo (?:información|suficiente))\b",
    r"我不知道|无法(?:回答|确定|找到)|わかりません|لا أعرف",
)
BUT = re.compile(r"[,;]\s+(?:but|however|although|though|aber|mais|pero|sondern)\b[,\s]*|，但是?")
SAID_OF_TEXT = re.compile(r"(?:it |they )?(?:do|does|did|is|are|has|have)(?: not|n't| no) ")
YES_OR_NO = re.compile(r"(?:yes|no|true|false|ja|nein|oui|non|sí|是的?|不是?)\W*$")

CLAIM, TITLE, ABSTENTION, MARK, CODE = "claim", "title", "abstention", "mark", "code"


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an answer; ``answer[start:end]`` is exactly ``text``."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of an answer and what it is; only kind ``claim`` can be judged."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Split:
    """The claims of an answer, in order, and whether it only says that it does not know."""

    claims: tuple[Claim, ...]
    abstains: bool


def split(answer: str) -> Split:
    """Cut *answer* into claims; it abstains if it says that it does not know, and claims nothing."""
    found = parts(answer)
    claims = tuple(Claim(answer[p.start : p.end], p.start, p.end) for p in found if p.kind == CLAIM)
    return Split(claims, not claims and any(p.kind == ABSTENTION for p in found))


def parts(answer: str) -> list[Part]:
    """Every part of *answer* in order, disjoint; together they hold all of its letters and digits."""
    found = list(_json_parts(answer, 0, len(answer)) if JSON_OPENING.match(answer) else _text_parts(answer))
    if {CLAIM, ABSTENTION} & {part.kind for part in found}:
        return found
    # A bare "**30 days**" or "Yes." is then all that is claimed.
    return [replace(part, kind=CLAIM) if part.kind == TITLE else part for part in found]


def _text_parts(answer: str) -> Iterator[Part]:
    for fenced, start, end in _fences(answer):
        if fenced == "json":
            yield from _json_parts(answer, start, end)
        elif fenced:
            yield Part(fenced, start, end)
        else:
            yield from _open_parts(answer, start, end)


def _fences(answer: str) -> Iterator[tuple[str, int, int]]:
    """What stands between fences ("code", or "json", which is read), the fences, and what stands outside ("")."""
    fence, inside, since = "", "", 0
    for start, end in _lines(answer, 0, len(answer)):
        found = FENCE.match(answer, start, end)
        opens, closes = found and not fence, found and fence and found[1].startswith(fence) and not found[2]
        if found and (opens or closes):
            yield inside, since, start
            yield MARK, start, end
            fence, since = found[1] if opens else "", end
            inside = ("json" if found[2].casefold() == "json" else CODE) if opens else ""
    yield inside, since, len(answer)


def _open_parts(answer: str, start: int, end: int) -> Iterator[Part]:
    for kind, low, high in _blocks(answer, start, end):
        if kind == "prose":
            for sentence in sentences(answer, low, high):
                yield from _classified(answer, *sentence)
        else:
            yield Part(kind, low, high)


def _blocks(answer: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Lines that belong together: paragraphs of prose (each list item is one), rows, titles, marks, code."""
    prose: tuple[int, int] | None = None
    for low, high in _lines(answer, start, end):
        marker = MARKER.match(answer, low, min(high, low + MARGIN))
        kind = _line_kind(answer, low, high)
        begins = marker is not None or kind != "prose" or (prose is not None and _breaks(answer, *prose, low))
        if prose and begins:
            yield "prose", *prose
            prose = None
        if kind != "prose":
            yield kind, *_trimmed(answer, low, high)
            continue
        inside = marker.end() if marker else low
        if marker:
            yield MARK, low, inside
        prose = (prose[0] if prose else inside, high)
    if prose:
        yield "prose", *prose


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        newline = text.find("\n", start, end)
        stop = end if newline < 0 else newline + 1
        yield start, stop
        start = stop


def _line_kind(answer: str, start: int, end: int) -> str:
    line = answer[start : min(end, start + HEAD)]
    if not line.strip() or TABLE_RULE.match(line):
        return MARK
    if DOCTEST.match(line):
        return CODE
    if HEADING.match(line) or BOLD_LINE.match(line):
        return TITLE
    if line.count("|") > 1 or line.lstrip().startswith("|"):
        following = answer[end : end + HEAD].split("\n", 1)[0]
        return TITLE if "-" in following and TABLE_RULE.match(following) else CLAIM
    return "prose"


def _breaks(answer: str, start: int, end: int, line: int) -> bool:
    """Whether the line that begins at *line* begins a paragraph of its own after ``answer[start:end]``."""
    last = answer[max(start, answer.rfind("\n", start, end - 1) + 1) : end].strip()
    if last.endswith(":"):
        return True
    first = answer[line : line + HEAD].lstrip()[:1]
    return len(last) < SHORT_LINE and not first.islower()


def statements(text: str) -> Iterator[tuple[int, int]]:
    """Everything that *text* states, as trimmed stretches: its sentences, rows, titles and lines of code."""
    for kind, start, end in _blocks(text, 0, len(text)):
        if kind == "prose":
            yield from sentences(text, start, end)
        elif kind != MARK:
            yield start, end


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
    if mark["mark"][0] in STRONG_ENDS or not following or (mark["mark"] != "." and following[0] > "\u2e7f"):
        return True
    if not following[0].isspace():
        return False
    rest = following.lstrip("\"'“‘«([*_ \t\r\n")
    if rest[:1].islower() and not CODE_NAME.match(following.lstrip()):
        # "etc. and so on" goes on, but in text that has lost its capitals a full stop stands apart.
        return text[mark.start() - 1 : mark.start()].isspace()
    return mark["mark"] != "." or not _is_abbreviated(text, low, mark.start(), rest)


def _is_abbreviated(text: str, low: int, dot: int, rest: str) -> bool:
    before = text[max(low, dot - 24) : dot]
    last = LAST_WORD.search(before)
    if not last:
        return False
    word, spoken = last[0].casefold(), before[: last.start()].rstrip(" \t\r\n\"'(*[")
    if not spoken and low + len(before) >= dot and (word.isdigit() or len(word) == 1):
        return True  # "1." or "a." at the beginning counts, it does not end
    if len(word) == 1 and word.isalpha():
        return last[0].isupper() and spoken.split(" ")[-1][:1].isupper()
    rule = ENDS_IF.get(word, "starter" if "." in word else "")
    if rule == "digit":
        return rest[:1].isdigit()
    return rule == "never" or (rule == "starter" and not STARTER.match(rest))


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        cut = end
        if end - start > LONGEST_SENTENCE:
            space = text.rfind(" ", start + LONGEST_SENTENCE // 2, start + LONGEST_SENTENCE)
            cut = space if space > 0 else start + LONGEST_SENTENCE
        low, high = _trimmed(text, start, cut)
        if low < high:
            yield low, high
        start = cut


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    low = start + len(piece) - len(piece.lstrip())
    return low, low + len(piece.strip())


def _classified(answer: str, start: int, end: int) -> Iterator[Part]:
    """The parts of one sentence: mostly one, two where an abstention is followed by "but" and a claim."""
    head = DRESS.sub(" ", answer[start : min(end, start + HEAD)]).strip().casefold().replace("’", "'")
    kind = _sentence_kind(head, answer[end - 1])
    but = BUT.search(answer, start, end) if kind == ABSTENTION else None
    if but:
        left, right = _side(answer, start, but.start()), _side(answer, but.end(), end)
        if CLAIM in {left.kind, right.kind}:
            yield from (left, Part(MARK, *but.span()), right)
            return
    clauses = [start, *_clauses(answer, start, end), end] if kind == CLAIM else [start, end]
    for low, high in pairwise(clauses):
        yield Part(kind, *_trimmed(answer, low, high))


def _side(answer: str, start: int, end: int) -> Part:
    """One side of a "but": it tells of the world, or of what the context leaves out."""
    side = answer[start : min(end, start + HEAD)].casefold()
    states = len(side) > 12 and not SAID_OF_TEXT.match(side) and not _abstains(side)
    return Part(CLAIM if states else ABSTENTION, *_trimmed(answer, start, end))


def _abstains(head: str) -> bool:
    found = ABSENCE.search(head) or REFUSAL.search(head)
    # "Equal pay (not stated in the passages)" claims equal pay.
    return found is not None and "(" not in head[1 : found.start()]


def _clauses(answer: str, start: int, end: int) -> Iterator[int]:
    """Where a semicolon parts two statements of four words or more."""
    low = start
    while (low := answer.find("; ", low, end)) >= 0:
        low += 1
        if answer.count(" ", start, low) >= 3 and answer.count(" ", low + 1, end) >= 3:
            yield low
            start = low


def _sentence_kind(head: str, last: str) -> str:
    bare = REFERENCE.sub("", head)
    if not any(map(str.isalnum, head)):
        return MARK
    if not any(map(str.isalnum, bare)) or SOURCE.match(bare):
        return "citation"
    if last in "?？؟":
        return "question"
    if GREETING.match(head):
        return "greeting"
    if _abstains(head):
        return ABSTENTION
    if ABOUT.match(head) or (last == ":" and LEAD_IN.search(head)):
        return "about"
    if YES_OR_NO.match(head) or (last == ":" and head.count(" ") < 4):
        return TITLE
    return CLAIM


def _json_parts(answer: str, start: int, end: int) -> Iterator[Part]:
    """A value with its key is a claim; a value that is a text of its own is read like any text."""
    key: tuple[int, int] | None = None
    for token in JSON_TOKEN.finditer(answer, start, end):
        low, high = token.span()
        joined = key is not None and _joins_key(answer, token)
        ends_key = token.lastgroup != "mark" or not set(token["mark"].strip()) <= {":"}
        if key and ends_key and not joined:
            yield Part(MARK, *key)
        if token.lastgroup == "string" and JSON_COLON.match(answer, high, end):
            key = (low, high)
            continue
        if key and joined:
            yield Part(CLAIM, key[0], high)
        elif token.lastgroup == "scalar":
            yield Part(CLAIM, low, high)
        elif token.lastgroup in {"string", "loose"}:
            for sentence in sentences(answer, *(token.span("string") if token["string"] else (low, high))):
                yield from _classified(answer, *sentence)
        key = None if ends_key else key
    if key:
        yield Part(MARK, *key)


def _joins_key(answer: str, value: re.Match[str]) -> bool:
    if value.lastgroup == "scalar":
        return True
    if value.lastgroup != "string" or JSON_COLON.match(answer, value.end()):
        return False
    text = value["string"].strip()
    kind = _sentence_kind(text[:HEAD].casefold().replace("’", "'"), text[-1:])
    return kind in {CLAIM, TITLE} and not (text[-1:] in f".!{STRONG_ENDS}" and " " in text)

"""Which lines of an answer belong together: paragraphs, list items, table rows, titles, code."""

import re
import unicodedata
from collections.abc import Iterator

from groundspan_collector.claims.part import CLAIM, CODE, MARK, TITLE, trimmed
from groundspan_collector.claims.punctuation import STRONG_ENDS, sentences

SHORT_LINE = 50
"""A line shorter than this was ended by its writer, not by wrapping."""
MARGIN = 80
"""Marks of list items and quotes stand within this many characters of the beginning of a line."""
HEAD = 300
"""What a line is shows at its beginning: this many characters of it are looked at."""
PROSE, JSON = "prose", "json"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


LINE = re.compile(r"[^\n\r\v\f\x85\u2028\u2029]*(?:\r\n|[\n\r\v\f\x85\u2028\u2029]|\Z)")
FENCE = re.compile(r"\s{0,8}(```+|~~~+)\s*([\w+-]*)")
HEADING = re.compile(r"\s{0,3}#{1,6}\s+")
BOLD_LINE = re.compile(r"\s*(\*\*|__)[^*_\n]{1,80}\1\s*[:：]?\s*$")
QUOTE = r"\s*(?:>(?!>>)\s?)"
BULLET = r"[-*+•‣⁃◦▪●○■□►➤→✓✔✗✘·–—]"
MARKER = _any(
    rf"{QUOTE}*\s*(?:{BULLET}|\(?(?:\d{{1,3}}|[a-z]|[ivx]{{2,4}})[.)]|\(?[A-Z]\))(?:\s+(?:\[[ xX]\]\s+)?|$)",
    r"\s*(?:[（(]?[\d一二三四五六七八九十]{1,3}(?:[）、．]|\)\s)|[①-⑳]|\d\ufe0f?\u20e3)\s*",
    rf"{QUOTE}+",
)
DOCTEST = re.compile(r"\s*(?:>>>|\.\.\.|\$)\s+\S")
SOURCE_CODE = _any(
    r"\s*(?:(?:async )?def|class) \w+.*:\s*$",
    r"\s*(?:import [\w.]+(?: as \w+)?|from [\w.]+ import [\w*, ]+)\s*$",
    r"\s*#include\s*[<\"]|\s*[\w.]+\([^()]*\);?\s*$",
    r"[^.!?]*[(=][^.!?]*[;{]\s*$|\s*[}\])]+[;,]?\s*$",
)
CODE_SPAN = re.compile(r"`[^`\n]{0,200}`")
TABLE_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
KEYED = re.compile(r"\s*[^\s:：][^:：.,\n]{0,30}[:：]\s")
ASKING = re.compile(r"\W*(?:how|what|when|where|which|why|who|whose)\b", re.IGNORECASE)


def fences(answer: str) -> Iterator[tuple[str, int, int]]:
    """What stands between fences ("code", or "json", which is read), the fences, and what stands outside ("")."""
    fence, inside, since = "", "", 0
    for start, end in _lines(answer, 0, len(answer)):
        found = FENCE.match(answer, start, end)
        opens, closes = found and not fence, found and fence and found[1].startswith(fence) and not found[2]
        if found and (opens or closes):
            yield inside, since, start
            yield MARK, start, end
            fence, since = found[1] if opens else "", end
            inside = (JSON if found[2].casefold() == "json" else CODE) if opens else ""
    yield inside, since, len(answer)


def statements(text: str) -> Iterator[tuple[int, int]]:
    """Everything that *text* states, as trimmed stretches: its sentences, rows, titles and lines of code."""
    for kind, start, end in blocks(text, 0, len(text)):
        if kind == PROSE:
            yield from sentences(text, start, end)
        elif kind != MARK:
            yield start, end


def blocks(answer: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Lines that belong together: paragraphs of prose (each list item is one), rows, titles, marks, code."""
    prose: tuple[int, int] | None = None
    for low, high in _lines(answer, start, end):
        marker = MARKER.match(answer, low, min(high, low + MARGIN))
        kind = _line_kind(answer, low, high)
        begins = marker is not None or kind != PROSE or (prose is not None and _breaks(answer, *prose, low))
        if prose and begins:
            yield PROSE, *prose
            prose = None
        if kind != PROSE:
            yield kind, *trimmed(answer, low, high)
            continue
        inside = marker.end() if marker else low
        if marker:
            yield MARK, low, inside
        prose = (prose[0] if prose else inside, high)
    if prose:
        yield PROSE, *prose


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        line = LINE.match(text, start, end)
        stop = line.end() if line and line.end() > start else end
        yield start, stop
        start = stop


def _line_kind(answer: str, start: int, end: int) -> str:
    line = answer[start : min(end, start + HEAD)]
    if not line.strip() or TABLE_RULE.match(line):
        return MARK
    if DOCTEST.match(line) or SOURCE_CODE.match(line):
        return CODE
    if HEADING.match(line) or BOLD_LINE.match(line):
        return TITLE if _names(line) else PROSE
    if "|" in line:
        return _row_kind(line, answer[end : end + HEAD].split("\n", 1)[0])
    return PROSE


def _row_kind(line: str, following: str) -> str:
    if "|" in following and TABLE_RULE.match(following):
        return TITLE
    if not line.lstrip().startswith("|") and CODE_SPAN.sub("", line).count(" | ") < 2:
        return PROSE
    return CLAIM if any(map(str.isalnum, line)) else MARK


def _names(title: str) -> bool:
    """Whether a line that looks like a title is one: it may be a statement that is set in bold."""
    plain = title.strip(" \t\r\n#*_")
    return ASKING.match(plain) is not None or plain.count(" ") < 3 or plain[-1:] not in f".!?{STRONG_ENDS}"


def _breaks(answer: str, start: int, end: int, line: int) -> bool:
    """Whether the line that begins at *line* begins a paragraph of its own after ``answer[start:end]``."""
    last = answer[max(start, end - HEAD) : end].rstrip().splitlines()[-1:]
    if not last or last[0].endswith((":", "：")):
        return True
    head = answer[line : line + HEAD].split("\n", 1)[0]
    first = head.lstrip()[:1]
    if unicodedata.category(first or " ") == "So":
        return True  # an emoji stands for a bullet
    return len(last[0].strip()) < SHORT_LINE and (not first.islower() or " | " in head or KEYED.match(head) is not None)

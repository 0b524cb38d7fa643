"""JSON in an answer: which of its values are claims."""

import re
from collections.abc import Iterator

from groundspan_collector.claims.clauses import classified
from groundspan_collector.claims.kinds import sentence_kind
from groundspan_collector.claims.part import CITATION, CLAIM, MARK, TITLE, Part
from groundspan_collector.claims.punctuation import STRONG_ENDS, sentences

JSON_OPENING = re.compile(r"\s*(?:\{\s*[\"'}]|\[\s*[\"{\[\]])")
JSON_LINE = re.compile(r"^[ \t]{0,8}\{\s*\"[^\"\n]{0,200}\"\s*:", re.MULTILINE)
JSON_TOKEN = re.compile(
    # A single quote opens a text only where it also closes one: it may be an apostrophe.
    r"(?P<quote>\"|'(?=(?:[^'\\\n]|\\.){0,2000}'\s{0,20}[:,}\]]))"
    r"(?P<string>(?:[^\"'\\]|\\.|(?!(?P=quote))[\"'])*)(?:(?P=quote)|\\?\Z)"
    r"|(?P<scalar>-?\d[\d.eE+-]*|[Tt]rue|[Ff]alse|null|None)(?=\s*(?:[,}\]]|\Z))"
    r"|(?P<mark>[{}\[\],:\s]+)"
    r"|(?P<loose>[^\"{}\[\],]+|.)",
    re.DOTALL,
)
JSON_COLON = re.compile(r"\s*:")
OF_THE_ANSWER = re.compile(
    r"(?:sources|citations?|references?|confidence(?:_score)?|(?:source|chunk|doc(?:ument)?|citation)_?ids?)$",
    re.IGNORECASE,
)
"""Values under these keys tell of the answer, not of the world."""


def json_end(answer: str, start: int, end: int) -> int:
    """Where the JSON that begins at *start* ends: at its last closing bracket, or with the text."""
    depth = 0
    for token in JSON_TOKEN.finditer(answer, start, end):
        for place in range(*token.span("mark")) if token["mark"] else ():
            depth += (answer[place] in "{[") - (answer[place] in "}]")
            if depth <= 0 and answer[place] in "}]":
                return place + 1
    return end


def json_parts(answer: str, start: int, end: int) -> Iterator[Part]:
    """A value with its key is a claim; a value that is a text of its own is read like any text."""
    key: tuple[int, int] | None = None
    depth, cited = 0, -1
    for token in JSON_TOKEN.finditer(answer, start, end):
        low, high = token.span()
        joined = key is not None and _joins_key(answer, token)
        ends_key = token.lastgroup != "mark" or not set(token["mark"].strip()) <= {":"}
        if key and ends_key and not joined:
            yield Part(MARK, *key)
        if token.lastgroup == "string" and JSON_COLON.match(answer, high, end):
            if cited < 0 or cited == depth:
                cited = depth if OF_THE_ANSWER.match(token["string"]) else -1
            key = (low, high)
            continue
        if token["mark"]:
            depth += sum((mark in "{[") - (mark in "}]") for mark in token["mark"])
            cited = cited if depth >= cited else -1
        elif cited >= 0:
            yield Part(CITATION, key[0] if key and joined else low, high)
        elif key and joined:
            yield Part(CLAIM, key[0], high)
        elif token.lastgroup == "scalar":
            yield Part(CLAIM, low, high)
        else:
            for sentence in sentences(answer, *(token.span("string") if token["string"] else (low, high))):
                yield from classified(answer, *sentence)
        key = None if ends_key else key
    if key:
        yield Part(MARK, *key)


def _joins_key(answer: str, value: re.Match[str]) -> bool:
    if value.lastgroup == "scalar":
        return True
    if value.lastgroup != "string" or JSON_COLON.match(answer, value.end()):
        return False
    text = value["string"].strip()
    return sentence_kind(text) in {CLAIM, TITLE} and not (text[-1:] in f".!{STRONG_ENDS}" and " " in text)

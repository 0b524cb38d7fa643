"""What a sentence is: a claim, or one of the kinds that say nothing of the world."""

import re

from groundspan_collector.claims.abstentions import abstains
from groundspan_collector.claims.part import (
    ABOUT,
    ABSTENTION,
    CITATION,
    CLAIM,
    FORMAT,
    GREETING,
    MARK,
    QUESTION,
    TITLE,
    UNSEEN,
)
from groundspan_collector.claims.phrases import (
    ABOUT as ABOUT_THE_ANSWER,
)
from groundspan_collector.claims.phrases import (
    GREETING as GREETINGS,
)
from groundspan_collector.claims.phrases import (
    LEAD_IN,
    POLITE,
    REFERENCE,
    SOURCE,
    UNFINISHED,
    VERB,
    YES_OR_NO,
)

HEAD = 300
"""What a sentence is shows at its beginning: this many characters of it are looked at."""
UNFINISHED_WORDS = 14
DRESS = re.compile(rf"[*_#`>\s{FORMAT}]+")
COLONS = (":", "：")
TOLD = re.compile(r", (?:which|who|where|whose)\b")
GIVEN = re.compile(r"\d|@")
"""A greeting that gives a number or an address says more than a greeting."""


def bare_head(sentence: str) -> str:
    """The beginning of *sentence* in small letters, without markdown and what is not seen."""
    return DRESS.sub(" ", sentence[:HEAD]).strip().casefold().replace("’", "'")


def sentence_kind(sentence: str) -> str:
    """What *sentence* is."""
    head = bare_head(sentence)
    last = _last(sentence)
    bare = REFERENCE.sub("", head)
    if not any(map(str.isalnum, head)):
        return MARK
    if not any(map(str.isalnum, bare)) or (SOURCE.match(bare) and not VERB.search(bare)):
        return CITATION
    if last in "?？؟" or sentence.endswith("?!"):
        return QUESTION
    greets = not GIVEN.search(bare)
    if greets and GREETINGS.match(head):
        return GREETING
    polite = POLITE.match(head)
    rest = head[polite.end() :] if polite else head
    if polite and not any(map(str.isalnum, rest)):
        return TITLE if YES_OR_NO.match(head) else GREETING
    if abstains(rest) or abstains(head):
        return ABSTENTION
    if greets and GREETINGS.match(rest):
        return GREETING
    if _is_about(head, last) or _is_about(rest, last):
        return ABOUT
    if YES_OR_NO.match(head) or (last in COLONS and head.count(" ") < 4):
        return TITLE
    # "1[1]." counts, it says nothing.
    return TITLE if bare != head and bare.strip(" .)").isdigit() else CLAIM


def _last(sentence: str) -> str:
    """The last character of *sentence* that is no markdown, no emoji and no reference."""
    tail = REFERENCE.sub("", sentence[-80:]).rstrip(UNSEEN + "*_`~ ")
    while tail and ord(tail[-1]) > 0x2190 and not tail[-1].isalnum() and tail[-1] not in "？：。」』）":
        tail = tail[:-1].rstrip(UNSEEN + "*_`~ ")
    return tail[-1:] or " "


def _is_about(head: str, last: str) -> bool:
    found = ABOUT_THE_ANSWER.match(head)
    if found and (last in COLONS or not TOLD.search(head)):
        return True
    if last not in COLONS:
        return False
    plain = head.rstrip(" :：*_`")
    unfinished = UNFINISHED.search(plain) and plain.count(" ") < UNFINISHED_WORDS and not any(map(str.isdigit, plain))
    return LEAD_IN.search(head) is not None or bool(unfinished)

"""A sentence that makes several statements is cut where each of them stands alone.

A wrong cut is worse than none: a half sentence would be judged. So both sides must have a verb, the right one a
subject of its own, and nothing on the left ("that", "if", "in 1990") may hold for both.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from groundspan_collector.claims.abstentions import absence_end, abstains
from groundspan_collector.claims.kinds import HEAD, bare_head, sentence_kind
from groundspan_collector.claims.part import ABOUT, ABSTENTION, CLAIM, MARK, Part, trimmed
from groundspan_collector.claims.phrases import VERB

WORDS = 4
"""A statement has at least so many words."""
LEFT, RIGHT = 300, 100
"""So many characters are looked at on each side of a link."""
AFTER_COLON = re.compile(r"[:：](?=\s|[^\x00-\u2e7f])")
BUT = re.compile(
    r"[,;]\s+(?:but|however|although|though|yet|aber|mais|pero|sondern|jedoch|obwohl|cependant|aunque"
    r"|sin embargo)\b[,\s]*"
    r"|，\s?(?:但是?|不过|然而|可是)|；|;\s+|、?ですが、|، لكن "
)
COMMA = re.compile(r",\s+(?=(?:it|they|the|this|these|he|she|we|you|there|[A-Z]\w*)\b)")
CONCEDES = re.compile(r"(?:\w+, )?(?:while|although|though|even though)\b")
SAID_OF_TEXT = re.compile(r"(?:it |they )?(?:also )?(?:do|does|did|is|are|has|have)(?: not|n't| no) ")
LINK = re.compile(r",\s+(?P<word>and|but|while|whereas)\s+|(?P<semi>[;；؛])\s*")
SCOPE = re.compile(
    r"\b(?:that|if|when|whenever|because|since|whether|unless|until|which|who|whom|whose|where|how|why|what"
    r"|not only|either"
    r"|neither|both|between|before|after|once|so|dass|wenn|weil|ob|que|si|porque|quand|cuando)\b",
    re.IGNORECASE,
)
FRAMED = re.compile(
    r"(?:in|on|at|during|by|for|with|under|from|as|while|although|though|despite|unlike|since|for example|to"
    r"|among|instead)\b",
    re.IGNORECASE,
)
ATTRIBUTED = re.compile(
    r"(?:based on|according to) (?:the )?(?:\w+ )?(?:passages?|context|documents?|text|article|sources?)[^,]{0,30}, ",
    re.IGNORECASE,
)
SUBJECT = re.compile(
    r"(?!the (?:former|latter|others?|same|rest|second|first|third|last|one)\b)(?!(?:I|It|He|She|They|We|You"
    r"|This|That)\b)"
    r"(?!(?:this|others|its|as|us|ours|theirs|always|perhaps)\b)"
    r"(?:(?:the|an?|all|most|many|some|each|every|no|\d[\d,.]*) [^\s,;:()]+"
    r"|[A-Z][\w'’.&-]*|[a-z]+s(?= (?:is|are|was|were|has|have|can|must|will)\b))"
    r"(?: [^\s,;:()]+){0,5}?(?= (?:is|are|was|were|has|have|had|will|can|could|may|must|should|cannot|does|did"
    r"|became|began"
    r"|includes|contains|provides|requires|allows|costs)\b)"
)
ELLIPTIC = re.compile(r"\b(?:not|is|are|was|were|has|have|had|does|do|did|will|can|too|so|n['’]t)\W*$")
ENUMERATED = re.compile(r",\s+(?:[^\s,]+ ?){1,3}$")


def classified(answer: str, start: int, end: int) -> Iterator[Part]:
    """The parts of one sentence: its statements, or what it is instead."""
    sentence = answer[start:end]
    marker = re.match(r"\(?\d{1,2}[.)]\s+(?=[A-Z\"“*`])", sentence)
    if marker:
        yield Part(MARK, start, start + marker.end())
        start, sentence = start + marker.end(), sentence[marker.end() :]
    kind = sentence_kind(sentence)
    if kind == ABSTENTION:
        yield from _beside_abstention(answer, start, end)
    elif kind == ABOUT:
        yield from _after_lead_in(answer, start, end)
    elif kind == CLAIM:
        yield from _statements(answer, start, end)
    else:
        yield Part(kind, *trimmed(answer, start, end))


def _after_lead_in(answer: str, start: int, end: int) -> Iterator[Part]:
    """ "Here is the answer: it is 30." leads in with words about the answer, and then claims."""
    colon = AFTER_COLON.search(answer, start, min(end, start + HEAD))
    if (
        colon
        and any(map(str.isalnum, answer[colon.end() : end]))
        and sentence_kind(answer[start : colon.end()]) == ABOUT
    ):
        yield Part(ABOUT, *trimmed(answer, start, colon.end()))
        yield from classified(answer, *trimmed(answer, colon.end(), end))
    else:
        yield Part(ABOUT, *trimmed(answer, start, end))


def _beside_abstention(answer: str, start: int, end: int) -> Iterator[Part]:
    """Two parts where an abstention stands beside "but" and a claim, else one."""
    for link in _links_of_abstention(answer, start, end):
        left, right = _side(answer, start, link.start()), _side(answer, link.end(), end)
        if {left.kind, right.kind} == {CLAIM, ABSTENTION}:
            yield from (left, Part(MARK, *link.span()), right)
            return
    yield Part(ABSTENTION, *trimmed(answer, start, end))


def _links_of_abstention(answer: str, start: int, end: int) -> Iterator[re.Match[str]]:
    looked_at = min(end, start + HEAD)
    if CONCEDES.match(bare_head(answer[start:end])):
        # "While the text does not say when, the shop is open."
        beyond = start + absence_end(answer[start:looked_at].casefold())
        yield from filter(None, [COMMA.search(answer, beyond, looked_at)])
    yield from BUT.finditer(answer, start, looked_at)


def _side(answer: str, start: int, end: int) -> Part:
    """One side of a "but": it tells of the world, or of what the context leaves out."""
    side = bare_head(answer[start : min(end, start + HEAD)])
    size = len(side) + sum(char > "\u2e7f" for char in side)
    states = size > 12 and not SAID_OF_TEXT.match(side) and not abstains(side) and sentence_kind(side) == CLAIM
    return Part(CLAIM if states else ABSTENTION, *trimmed(answer, start, end))


def _statements(answer: str, start: int, end: int) -> Iterator[Part]:
    edges = [start]
    for link in LINK.finditer(answer, start, end):
        if _parts_statements(answer, edges[-1], link, end):
            edges += [link.end("semi"), link.end()] if link["semi"] else [link.start(), link.end()]
    for number, (low, high) in enumerate(pairwise([*edges, end])):
        yield Part(MARK if number % 2 else CLAIM, *trimmed(answer, low, high))


def _parts_statements(answer: str, low: int, link: re.Match[str], end: int) -> bool:
    left = answer[max(low, link.start() - LEFT) : link.start()]
    right = answer[link.end() : min(end, link.end() + RIGHT)]
    if link["semi"] in {"；", "؛"}:
        return len(left) > 5 and len(right) > 5
    if min(left.count(" "), right.count(" ")) < WORDS - 1 or not _states(left) or not _is_closed(left):
        return False
    if link["semi"]:
        return _states(right) and not right.startswith(("and ", "or "))
    return _stands_alone(left, right, link["word"])


def _states(side: str) -> bool:
    """Whether *side* has a verb that is not in a subordinate clause: "fraud, which is a felony" has none."""
    verb = VERB.search(side)
    return verb is not None and SCOPE.search(side, 0, verb.start()) is None


def _stands_alone(left: str, right: str, word: str) -> bool:
    attributed = ATTRIBUTED.match(left)
    own = left[attributed.end() :] if attributed else left
    held = len(left) == LEFT or SCOPE.search(own) or FRAMED.match(own)
    listed = word in {"and", "but"} and ENUMERATED.search(left)
    clause = re.split(r"[;.!?]\s|,\s+(?:and|but|while)\s", right, maxsplit=1)[0]
    return not held and not listed and SUBJECT.match(right) is not None and not ELLIPTIC.search(clause)


def _is_closed(left: str) -> bool:
    """Whether no bracket and no quotation that opened on the left is still open."""
    return left.count("(") == left.count(")") and left.count('"') % 2 == 0 and left.count("“") == left.count("”")

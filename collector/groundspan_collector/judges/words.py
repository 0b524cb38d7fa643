"""Words that turn a statement around, give its cause, or only say where it is from."""

import re

from groundspan_collector.wording import normal

CAUSE = re.compile(
    r"\b(?:because(?: of)?|due to|owing to|thanks to|as a result of|on account of|caused by|since(?! \d)|so that"
    r"|which is why|in order to|weil|parce que|porque)\b",
    re.IGNORECASE,
)
_SOURCE = r"(?:passages?|documents?|contexts?|texts?|articles?|information|sources?|documentation|docs)\b"
ATTRIBUTION = re.compile(
    r"(?:in short,|step \d+[:.])"
    rf"|(?:according to|based on|as (?:stated|mentioned) in|from) (?:the |this |these )?(?:\w+ )?{_SOURCE}"
    r"(?: provided| given)?,?"
    rf"|(?:the )?(?:(?:given|provided|first|second|third) )?{_SOURCE}(?: also| further)?"
    r" (?:states?|mentions?|says?|explains?|notes?|suggests?|describes?|adds|highlights?|clarifies)(?: that)?",
    re.IGNORECASE,
)
ARTICLES = frozenset(["the", "a", "an", "this", "that"])
AUXILIARIES = frozenset(
    ["is", "are", "was", "were", "has", "have", "had", "can", "could", "will", "would", "should", "may"]
)
CODE_NAME = re.compile(r"\w+(?:[._(]\w|\()|[^\W\d_]+[A-Z0-9_]")
DOTTED = re.compile(r"[\w.]*")
"""All of a name that CODE_NAME begins."""
REFERENCE = re.compile(r"\[\d{1,3}\]|\(?\bpassages? \d(?:(?:,| and| &) \d)*\)?", re.IGNORECASE)
_OPPOSITES = (
    "first/last before/after increase/decrease increase/reduce rise/fall high/low higher/lower highest/lowest more/less"
    " more/fewer most/least large/small larger/smaller largest/smallest always/never always/sometimes win/lose"
    " north/south east/west northern/southern eastern/western public/private with/without above/below over/under"
    " all/no all/none all/some every/some many/few begin/end start/stop start/end early/late old/new old/young"
    " older/younger true/false open/close open/closed read/write input/output left/right min/max minimum/maximum"
    " positive/negative success/failure succeed/fail allow/forbid allow/prevent accept/reject accept/refuse"
    " enable/disable include/exclude optional/required optional/mandatory ascending/descending mutable/immutable"
    " valid/invalid synchronous/asynchronous append/remove add/remove insert/delete create/delete create/destroy"
    " import/export encode/decode compress/decompress lock/unlock push/pop acquire/release same/different"
    " inside/outside internal/external upper/lower greater/less greater/smaller even/odd male/female man/woman"
    " son/daughter father/mother brother/sister husband/wife buy/sell support/oppose guilty/innocent alive/dead"
    " fast/slow faster/slower strong/weak hot/cold full/empty present/absent must/may shallow/deep local/global"
    " local/remote forward/backward top/bottom front/back safe/unsafe legal/illegal possible/impossible"
    " likely/unlikely connect/disconnect equal/unequal text/binary relative/absolute raise/ignore raise/suppress"
)


def _both_ways(pairs: str) -> frozenset[tuple[str, str]]:
    stems = [tuple(normal(word)[0] for word in pair.split("/")) for pair in pairs.split()]
    return frozenset(stems_of for left, right in stems for stems_of in ((left, right), (right, left)))


OPPOSITES = _both_ways(_OPPOSITES)

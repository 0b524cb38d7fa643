"""What a model replied -> verdicts, or why it cannot be taken."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from groundspan_collector.errors import JudgeFailed
from groundspan_collector.evidence import Evidence
from groundspan_collector.judges import CONTRADICTED, SUPPORTED, UNSUPPORTED, Verdict
from groundspan_collector.judges.framing import WORDS

SUPPORT = {SUPPORTED: 0.95, UNSUPPORTED: 0.1, CONTRADICTED: 0.05}
"""P(supported) that stands for a model's word: it ranks the words, and is not calibrated."""
SHOWN_QUOTE_CHARS = 120

_BEFORE = re.compile(r"(?s)^\s*(?:<think>.*?</think>\s*)?")
_FENCE = re.compile(r"(?s)^```(?:json)?\s*\n(.*?)\n?\s*```\s*$")


class BadReply(JudgeFailed):
    """A reply that is not what was asked for; another try may give a better one."""


def read(text: str, ticket: str, claims: Sequence[int], context: Sequence[str]) -> list[Verdict]:
    """The verdicts on *claims*, in their order; raises BadReply unless each has exactly one, and the *ticket* is there.

    The evidence is where a quote stands in the *context*; a quote that stands nowhere is said to, and is no evidence.
    """
    reply = _object(text)
    if reply.get("ticket") != ticket:
        raise BadReply("the reply does not carry the ticket of the request")
    entries = reply.get("verdicts")
    if not isinstance(entries, list):
        raise BadReply('the reply has no list of "verdicts"')
    found: dict[int, Verdict] = {}
    for entry in entries:
        number, verdict = _one(entry, context)
        if number in found:
            raise BadReply(f"the reply has claim {number} twice")
        found[number] = verdict
    missing, unknown = sorted(set(claims) - found.keys()), sorted(found.keys() - set(claims))
    if missing or unknown:
        raise BadReply(f"the reply leaves out claims {missing} and has claims {unknown} that were not asked for")
    return [found[number] for number in claims]


def _object(text: str) -> Mapping[str, Any]:
    """The JSON object in *text*, which may stand in a code fence, or after what a model thought aloud."""
    bare = _BEFORE.sub("", text, count=1)
    fenced = _FENCE.match(bare)
    try:
        reply = json.loads(fenced[1] if fenced else bare)
    except (ValueError, RecursionError) as error:
        raise BadReply(f"the reply is not JSON: {error}") from error
    if not isinstance(reply, dict):
        raise BadReply("the reply is not a JSON object")
    return reply


def _one(entry: object, context: Sequence[str]) -> tuple[int, Verdict]:
    if not isinstance(entry, dict):
        raise BadReply("a verdict of the reply is not an object")
    number, word, chunk, quote = (entry.get(name) for name in ("claim", "verdict", "chunk", "quote"))
    if not _is_whole(number):
        raise BadReply(f"a claim of the reply is numbered {number!r:.40}")
    if word not in WORDS:
        raise BadReply(f"the reply calls claim {number} {word!r:.40}; known are {', '.join(WORDS)}")
    if not (chunk is None or _is_whole(chunk)) or not (quote is None or isinstance(quote, str)):
        raise BadReply(f"the chunk and quote of claim {number} must be a number and a text, or null")
    at = find(quote, chunk, context) if quote else None
    return number, Verdict(word, SUPPORT[word], at, _reason(word, quote, at))


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def find(quote: str, chunk: int | None, context: Sequence[str]) -> Evidence | None:
    """Where *quote* stands, word by word: in *chunk* if it does, else in the first chunk that has it."""
    parts = quote.split()
    if not parts:
        return None
    # The same words; how they are spaced and broken into lines is the only freedom.
    pattern = re.compile(r"\s+".join(map(re.escape, parts)))
    named = [chunk] if chunk is not None and 0 <= chunk < len(context) else []
    for number in [*named, *range(len(context))]:
        if match := pattern.search(context[number]):
            return Evidence(number, *match.span())
    return None


def _reason(word: str, quote: str | None, at: Evidence | None) -> str:
    if at:
        says = {SUPPORTED: "says it", CONTRADICTED: "speaks against it", UNSUPPORTED: "comes nearest"}
        return f"chunk {at.chunk} {says[word]}, the model says"
    if quote and quote.strip():
        cut = quote if len(quote) <= SHOWN_QUOTE_CHARS else quote[:SHOWN_QUOTE_CHARS] + "…"
        return f'the model quotes what no chunk has: "{cut}"'
    return "the model finds no passage that says it" if word == UNSUPPORTED else "the model quotes no passage"

"""Why a claim was ruled on as it was, in words for a person: what was counted, and where it stands."""

from collections.abc import Iterable, Iterator, Sequence

from groundspan_collector.judges.alignment import Difference
from groundspan_collector.judges.signals import Signals
from groundspan_collector.wording import NOT, NUMBER, Word

SHOWN_WORDS = 3


def supported(signals: Signals) -> str:
    """What speaks for a claim."""
    found = len(signals.content) - len(signals.missing)
    where = f"chunk {signals.passage.at.chunk}" if signals.passage else "the question"
    return f"{found} of its {len(signals.content)} words stand together in {where}"


def ungrounded(text: str, signals: Signals, context: Sequence[str]) -> Iterator[str]:
    """What speaks against it, the plainest first."""
    passage = signals.passage
    if passage is None:
        yield "none of its words is in the context"
        return
    for difference in signals.differences:
        yield _disagreement(difference, text, context[passage.at.chunk], passage.at.chunk)
    if signals.cause and set(signals.missing) & set(_within(signals.content, *signals.cause)):
        yield f'the cause "{text[slice(*signals.cause)]}" is not in chunk {passage.at.chunk}'
    if signals.novel:
        yield f"nowhere in the context: {_quoted(text, signals.novel)}"
    elif signals.missing:
        yield f"not where the rest is, in chunk {passage.at.chunk}: {_quoted(text, signals.missing)}"
    elif not signals.differences:
        yield f"its words are in chunk {passage.at.chunk}, but not put together like this"


def _within(words: Iterable[Word], start: int, end: int) -> Iterator[Word]:
    return (word for word in words if start <= word.start < end)


def _quoted(text: str, words: Sequence[Word]) -> str:
    shown = [f'"{text[word.start : word.end]}"' for word in words[:SHOWN_WORDS]]
    more = len(words) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _disagreement(difference: Difference, said: str, found: str, chunk: int) -> str:
    if difference.kind == NOT:
        return f"the answer denies what chunk {chunk} says" if difference.said else f"chunk {chunk} denies it"
    ours, theirs = _cut(said, difference), found[difference.found[0].start : difference.found[-1].end]
    if difference.kind == NUMBER:
        theirs += _unit(found, difference.found[-1].end)
    return f'"{ours}" in the answer, "{theirs}" in chunk {chunk}'


def _cut(text: str, difference: Difference) -> str:
    end = difference.said[-1].end
    return text[difference.said[0].start : end] + (_unit(text, end) if difference.kind == NUMBER else "")


def _unit(text: str, end: int) -> str:
    """The word or the percent sign after a number, so that a person sees what was counted."""
    following = text[end : end + 20]
    if following[:1] in {"%", "°"}:
        return following[:1]
    word = following[1:].split(" ")[0].rstrip(".,;:)")
    return f" {word}" if following[:1] == " " and word.isalpha() else ""

"""Where an ungrounded claim failed, as far as its trace can tell. Pure.

A claim that a chunk in the prompt speaks against is `contradicted`. One that is supported by a chunk which was fetched
and then left out, by the rerank or by the prompt, is `dropped`. Where no chunk in the prompt has to do with the
question or with any claim, the application `should_have_abstained`. A claim of which a passage in the prompt has most
of the words, and yet does not say it, is `ignored`: it stands there in another sense. Of any other no chunk speaks:
`not_retrieved`.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from groundspan_collector import evidence
from groundspan_collector.evidence import Index
from groundspan_collector.judgement import JudgedClaim, Judgement
from groundspan_collector.judges import CONTRADICTED, SUPPORTED, UNSUPPORTED, Case, Ruling
from groundspan_collector.wording import NOT, STOP, words

NOT_RETRIEVED: Final = "not_retrieved"
DROPPED: Final = "dropped"
IGNORED: Final = "ignored"
SHOULD_HAVE_ABSTAINED: Final = "should_have_abstained"
CAUSES: Final = (NOT_RETRIEVED, DROPPED, IGNORED, CONTRADICTED, SHOULD_HAVE_ABSTAINED)

SPOKEN_OF: Final = 1 / 3
"""A passage with this share of a claim's words speaks of what the claim is about."""
ASKED_ABOUT: Final = 1 / 3
"""A passage with this share of the question's words has to do with the question."""


def doubted(judgement: Judgement) -> list[int]:
    """The claims that nothing in the prompt supports or speaks against: a chunk that was left out may support them."""
    if judgement.status != "judged":
        return []
    return [number for number, claim in enumerate(judgement.claims) if claim.verdict == UNSUPPORTED]


def beyond(case: Case, judgement: Judgement, left_out: Sequence[str]) -> Case | None:
    """What the judge must rule on to know which claims were dropped: the doubted ones beside the chunks left out."""
    numbers = doubted(judgement)
    if not numbers or not any(text.strip() for text in left_out):
        return None
    return Case(case.question, evidence.read(left_out), case.answer, tuple(case.claims[number] for number in numbers))


def explained(case: Case, judgement: Judgement, ruling: Ruling | None) -> tuple[Judgement, dict[int, int]]:
    """*judgement* with causes, and for each dropped claim the chunk left out that supports it.

    *ruling* is that on `beyond`; None where there was none.
    """
    if judgement.status != "judged":
        return judgement, {}
    dropped = _dropped(judgement, ruling)
    relevant = _is_relevant(case, judgement)
    found = tuple(
        replace(claim, cause=_cause(claim, case.context, number in dropped, relevant))
        for number, claim in enumerate(judgement.claims)
    )
    return replace(judgement, claims=found), dropped


def _dropped(judgement: Judgement, ruling: Ruling | None) -> dict[int, int]:
    verdicts = ruling.verdicts if ruling else ()
    return {
        number: verdict.evidence.chunk if verdict.evidence else 0
        for number, verdict in zip(doubted(judgement), verdicts, strict=False)
        if verdict.word == SUPPORTED
    }


def _cause(claim: JudgedClaim, context: Index, dropped: bool, relevant: bool) -> str:
    if claim.verdict not in {CONTRADICTED, UNSUPPORTED}:
        return ""
    if claim.verdict == CONTRADICTED:
        return CONTRADICTED
    if dropped:
        return DROPPED
    if not relevant:
        return SHOULD_HAVE_ABSTAINED
    return IGNORED if share_told(context, claim.claim.text) >= SPOKEN_OF else NOT_RETRIEVED


def _is_relevant(case: Case, judgement: Judgement) -> bool:
    """Whether any chunk has to do with the question, or with anything that the answer claims."""
    if any(claim.verdict in {SUPPORTED, CONTRADICTED} for claim in judgement.claims):
        return True
    if share_told(case.context, case.question) >= ASKED_ABOUT:
        return True
    return any(share_told(case.context, claim.text) >= SPOKEN_OF for claim in case.claims)


def share_told(index: Index, text: str) -> float:
    """The share of the telling words of *text* that one passage has, at best."""
    stems = dict.fromkeys(word.stem for word in words(text) if word.kind not in {STOP, NOT})
    if not stems:
        return 0.0
    best: Collection[evidence.Passage] = evidence.passages(index, stems)
    return max((sum(stem in passage.stems for stem in stems) / len(stems) for passage in best), default=0.0)

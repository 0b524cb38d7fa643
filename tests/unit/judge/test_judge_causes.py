"""Where an ungrounded claim failed, with the lexical judge: one case of each cause."""

import pytest
from groundspan_collector import causes, judges
from groundspan_collector.causes import (
    DROPPED,
    IGNORED,
    NOT_RETRIEVED,
    SHOULD_HAVE_ABSTAINED,
    beyond,
    explained,
    share_told,
)
from groundspan_collector.evidence import read
from groundspan_collector.judgement import decided, opened
from groundspan_collector.judges import CONTRADICTED, Case

LEXICAL = judges.load("lexical")
QUESTION = "How long do I have to return a jacket?"
RETURNS = "A jacket may be returned within 30 days of the purchase, with its receipt."
SHIPPING = "Jackets are shipped by courier from the warehouse in Lyon within two working days."
PASTA = "Boil the pasta in salted water until it is firm to the bite, then drain it and stir in the tomato sauce."


def found(answer: str, context: list[str], left_out: list[str], question: str = QUESTION) -> list[str]:
    """The causes of the claims of *answer*."""
    case = opened(question, context, answer)
    assert isinstance(case, Case)
    judgement = decided(case, LEXICAL.judge(case), LEXICAL.threshold)
    further = beyond(case, judgement, left_out)
    judgement, _ = explained(case, judgement, LEXICAL.judge(further) if further else None)
    return [claim.cause for claim in judgement.claims]


@pytest.mark.parametrize(
    ("answer", "context", "left_out", "cause"),
    [
        ("A jacket may be returned within 30 days of the purchase.", [RETURNS], [], ""),
        ("A jacket may be returned within 45 days of the purchase.", [RETURNS], [], CONTRADICTED),
        ("Jackets are shipped by courier from the warehouse in Lyon.", [RETURNS], [PASTA, SHIPPING], DROPPED),
        ("Refunds reach your bank account by the following Tuesday morning.", [RETURNS], [PASTA], NOT_RETRIEVED),
        ("The purchase tax on a jacket depends on the customer's state.", [RETURNS], [], IGNORED),
        ("Refunds reach your bank account by the following Tuesday morning.", [PASTA], [], SHOULD_HAVE_ABSTAINED),
        ("Jackets are shipped by courier from the warehouse in Lyon.", [PASTA], [SHIPPING], DROPPED),
    ],
    ids=["none", CONTRADICTED, DROPPED, NOT_RETRIEVED, IGNORED, SHOULD_HAVE_ABSTAINED, "dropped, and nothing else"],
)
def test_cause_of_a_claim(answer: str, context: list[str], left_out: list[str], cause: str) -> None:
    """As far as a trace can tell."""
    assert found(answer, context, left_out) == [cause]


def test_chunks_left_out_are_not_judged_when_nothing_is_doubted() -> None:
    """A second look costs; it is for what is unsupported alone."""
    case = opened(QUESTION, [RETURNS], "A jacket may be returned within 45 days of the purchase.")
    assert isinstance(case, Case)
    judgement = decided(case, LEXICAL.judge(case), LEXICAL.threshold)

    assert beyond(case, judgement, [SHIPPING]) is None


def test_share_told_is_of_telling_words() -> None:
    """Articles and "not" tell nothing."""
    assert share_told(read([RETURNS]), "The jacket is not the receipt.") == 1.0
    assert share_told(read([RETURNS]), "The pasta") == 0.0
    assert share_told(read([RETURNS]), "the of not") == 0.0
    assert share_told(read([]), "jacket") == 0.0


def test_every_cause_has_a_name_of_its_own() -> None:
    """They are columns of a report."""
    assert len(set(causes.CAUSES)) == 5

"""Words and sentences of documentation."""

import pytest
from groundspan_demo.wording import keywords, overlap, sentences


def test_keywords_meet_when_words_differ_in_their_endings() -> None:
    """A question in the plural finds a docstring in the singular."""
    assert keywords("merged sequences") == keywords("merges a sequence")


def test_keywords_leave_out_words_when_they_are_in_every_question() -> None:
    """How, do, I say nothing of the subject."""
    assert keywords("How do I use the function?") == frozenset()


def test_overlap_is_zero_when_nothing_is_wanted() -> None:
    """A question without a telling word is near to nothing."""
    assert overlap(frozenset(), "any text") == 0.0


def test_sentences_are_whole_when_abbreviations_hold_full_stops() -> None:
    """A full stop within e.g. ends no sentence."""
    text = "Use any number here (e.g. Decimal numbers work). The result is always exact and never rounded."

    assert sentences(text) == [
        "Use any number here (e.g. Decimal numbers work).",
        "The result is always exact and never rounded.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        ">>> join('a', 'b') and this is an example",
        "- a list item that is long enough\n- another item of the list",
        "Returns the thing -> a tuple of two things.",
        "For example, this is introduced like so:",
        "Is this sentence long enough to be a question?",
        "Too short.",
    ],
)
def test_text_is_no_sentence_when_it_states_nothing(text: str) -> None:
    """Examples, lists, signatures, introductions and fragments are not quoted."""
    assert sentences(text) == []

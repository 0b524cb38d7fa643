"""What holds of the judgement of any answer on any context."""

from groundspan_collector import judges
from groundspan_collector.judgement import judge_answer
from groundspan_collector.wording import words
from hypothesis import given
from hypothesis import strategies as st

JUDGE = judges.load("lexical")
WORDS = st.sampled_from(
    [
        "The",
        "buffer",
        "holds",
        "64",
        "99",
        "entries",
        "not",
        "Mark",
        "Adler",
        "because",
        "it",
        "is",
        "first",
        "last",
        ".",
        "\n",
        '{"WiFi": "no"}',
        "队列",
        "2024-03-05",
        "1,000",
        "?",
        "I don't know.",
        "[1]",
        "\ud800",
        "😀",
        "²",
    ]
)
TEXTS = st.one_of(st.text(max_size=120), st.lists(WORDS, max_size=25).map(" ".join))


@given(TEXTS, st.lists(TEXTS, max_size=4), TEXTS)
def test_a_judgement_is_well_formed(question: str, context: list[str], answer: str) -> None:
    """Probabilities are probabilities, and nothing is decided unless the answer was judged."""
    found = judge_answer(question, context, answer, JUDGE)

    assert found.status in {"judged", "no_context", "abstained", "no_claims", "unjudged"}
    assert 0.0 <= found.ungrounded_probability <= 1.0
    assert all(0.0 <= judged.support <= 1.0 for judged in found.claims)
    assert found.status == "judged" or (found.ungrounded, found.ungrounded_probability) == (False, 0.0)


@given(st.lists(TEXTS, min_size=1, max_size=4), TEXTS)
def test_evidence_lies_inside_its_chunk(context: list[str], answer: str) -> None:
    """Offsets are of the chunk that is named, and cut something."""
    for judged in judge_answer("", context, answer, JUDGE).claims:
        at = judged.evidence
        assert at is None or 0 <= at.start < at.end <= len(context[at.chunk])


@given(TEXTS)
def test_words_are_ordered_and_cut_text(text: str) -> None:
    """Each word stands after the one before, within the text."""
    found = list(words(text))

    assert [word.start for word in found] == sorted(word.start for word in found)
    assert all(0 <= word.start < word.end <= len(text) and word.stem for word in found)


@given(TEXTS, st.lists(TEXTS, max_size=3), TEXTS)
def test_the_same_answer_gets_the_same_judgement(question: str, context: list[str], answer: str) -> None:
    """A judge has no memory."""
    assert judge_answer(question, context, answer, JUDGE) == judge_answer(question, context, answer, JUDGE)

"""The questions of the demo."""

from groundspan_demo.questions import QUESTIONS, Question, answerable

KNOWN = Question("q1", "How do I join paths?", ("os.path.join",))
STRANGE = Question("q2", "What is the capital of Mongolia?")


def test_question_is_skipped_when_its_object_is_missing() -> None:
    """An older interpreter is not asked about what it lacks."""
    assert answerable([KNOWN], frozenset({"os.path.split"})) == []


def test_question_is_kept_when_one_of_its_objects_is_documented() -> None:
    """One place that answers it is enough."""
    assert answerable([KNOWN], frozenset({"os.path.join"})) == [KNOWN]


def test_question_is_kept_when_nothing_answers_it_anywhere() -> None:
    """An application is also asked what its documents cannot say."""
    assert answerable([STRANGE], frozenset()) == [STRANGE]


def test_questions_differ_when_compared_by_text() -> None:
    """A mistake is traced to its question by the question's text."""
    assert len({question.text for question in QUESTIONS}) == len(QUESTIONS) >= 60

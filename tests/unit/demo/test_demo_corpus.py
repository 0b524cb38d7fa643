"""The documents of the demo."""

import subprocess
import sys

from groundspan_demo.corpus import MAX_CHARS, Passage, passages
from groundspan_demo.questions import QUESTIONS


def test_passages_are_the_same_when_collected_again(corpus: list[Passage]) -> None:
    """Two runs index the same passages in the same order."""
    assert passages() == corpus


def test_passage_ids_are_unique_when_an_object_has_several(corpus: list[Passage]) -> None:
    """An id names one passage."""
    assert len({passage.id for passage in corpus}) == len(corpus)


def test_passages_fit_when_a_docstring_is_long(corpus: list[Passage]) -> None:
    """No passage is longer than what MiniLM reads."""
    longest = max(len(passage.text) - len(passage.object) for passage in corpus)

    assert longest <= MAX_CHARS + len("\n\n\n")


def test_passages_are_some_hundreds_when_all_modules_are_read(corpus: list[Passage]) -> None:
    """There is enough to search in, and little enough to index in seconds."""
    assert 300 <= len(corpus) <= 1500


def test_passage_names_its_object_when_it_is_a_later_part(corpus: list[Passage]) -> None:
    """Each part of a long docstring says what it is about."""
    assert all(passage.text.startswith(f"{passage.object}\n") for passage in corpus)


def test_alias_is_left_out_when_the_object_has_a_name_of_its_own(corpus: list[Passage]) -> None:
    """bisect.insort is found as bisect.insort_right only."""
    objects = {passage.object for passage in corpus}

    assert "bisect.insort_right" in objects
    assert "bisect.insort" not in objects


def test_questions_are_answerable_when_the_interpreter_documents_the_object(corpus: list[Passage]) -> None:
    """Nearly every question that names an object finds it documented here."""
    documented = {passage.object for passage in corpus}
    lost = [question for question in QUESTIONS if question.objects and not documented & set(question.objects)]

    assert len(lost) <= 5, lost


def test_collecting_is_silent_when_warnings_are_errors() -> None:
    """Importing the modules prints nothing, opens nothing and warns of nothing."""
    code = "from groundspan_demo.corpus import passages; passages()"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

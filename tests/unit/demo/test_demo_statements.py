"""What a careful answer says."""

import random

from groundspan_demo.corpus import Chunk
from groundspan_demo.questions import Question
from groundspan_demo.statements import ABSTAIN_BELOW, MAX_STATEMENTS, Statement, choose

POP: Chunk = {
    "id": "heapq.heappop#0",
    "text": "heapq.heappop\nPop the smallest item off the heap, maintaining the heap invariant.",
    "score": 0.8,
    "metadata": {"module": "heapq", "object": "heapq.heappop"},
}


def test_statements_are_verbatim_when_chosen(told: list[tuple[Statement, list[Chunk]]]) -> None:
    """Every sentence stands word for word in a chunk of the object that it is said of."""
    assert told
    for statement, chunks in told:
        own = [chunk["text"] for chunk in chunks if chunk["metadata"]["object"] == statement.object]
        assert any(statement.text in text for text in own), statement


def test_nothing_is_said_when_no_chunk_is_near() -> None:
    """Passages about something else are not an answer."""
    far: Chunk = {**POP, "score": ABSTAIN_BELOW - 0.01}

    assert choose("What is the capital of Mongolia?", [far], random.Random(1)) == []


def test_nothing_is_said_when_nothing_was_retrieved() -> None:
    """An empty index makes no answer."""
    assert choose("How do I pop?", [], random.Random(1)) == []


def test_answers_are_short_when_much_could_be_said(retrieved: list[tuple[Question, list[Chunk]]]) -> None:
    """No answer has more than three statements."""
    longest = max(len(choose(asked.text, chunks, random.Random(1))) for asked, chunks in retrieved)

    assert longest == MAX_STATEMENTS


def test_statement_ends_in_a_full_stop_when_the_docstring_has_none() -> None:
    """Sentences can be told apart in an answer."""
    assert str(Statement("Returns the final component", "os.path.basename")) == "Returns the final component."


def test_statement_names_its_object_when_it_is_led_in() -> None:
    """A lead says whose fact it is."""
    said = str(Statement("Find n!.", "math.factorial", lead="{object}: "))

    assert said == "math.factorial: Find n!."

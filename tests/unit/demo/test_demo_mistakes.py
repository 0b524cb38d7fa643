"""The mistakes of a careless answerer."""

import random

import pytest
from groundspan_demo.corpus import Chunk
from groundspan_demo.mistakes import (
    MISTAKES,
    Told,
    flipped_negation,
    invented_addition,
    merged_entities,
    unstated_cause,
    wrong_name,
    wrong_number,
)
from groundspan_demo.statements import Statement


def chunk(name: str, body: str) -> Chunk:
    """Make a retrieved chunk."""
    return {"id": f"{name}#0", "text": f"{name}\n{body}", "score": 1.0, "metadata": {"object": name}}


def told_of(name: str, text: str, *others: Chunk) -> Told:
    """Tell *text* of an object, with its own chunk and others retrieved beside it."""
    return Told(Statement(text, name), [chunk(name, text), *others], random.Random(7))


@pytest.mark.parametrize("kind", MISTAKES)
def test_truth_is_changed_when_a_mistake_is_planted(kind: str, told: list[tuple[Statement, list[Chunk]]]) -> None:
    """What is planted differs from what was true, for every statement that allows this kind."""
    planted = [MISTAKES[kind](Told(statement, chunks, random.Random(3))) for statement, chunks in told]
    made = [mistake for mistake in planted if mistake]

    assert len(made) >= 8
    assert all(mistake.planted != mistake.original for mistake in made)
    assert all(mistake.planted in mistake.text for mistake in made)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Compare two sequences of lines.", "Compare three sequences of lines."),
        ("The first call defaults to zero here.", "The first call defaults to one here."),
    ],
)
def test_number_word_is_replaced_when_no_digit_is_stated(right: str, wrong: str) -> None:
    """A count in words is changed to another one."""
    mistake = wrong_number(told_of("difflib.ndiff", right))

    assert mistake is not None
    assert (mistake.original, mistake.planted) == (right, wrong)


def test_number_is_raised_when_digits_are_stated() -> None:
    """A default of 5 becomes another number, and nothing else changes."""
    mistake = wrong_number(told_of("timeit.repeat", "It is called often, defaulting to 5 times."))

    assert mistake is not None
    assert mistake.planted in {f"It is called often, defaulting to {n} times." for n in (7, 8, 9)}


@pytest.mark.parametrize("text", ["For example, 3 is fine.", "See f(3.0) and base64 in UTF-8."])
def test_number_is_kept_when_it_belongs_to_a_name_or_an_example(text: str) -> None:
    """Another example, or another name, would be no wrong number."""
    assert wrong_number(told_of("math.prod", text)) is None


def test_name_is_replaced_when_an_exception_is_named() -> None:
    """ValueError becomes an exception that the passage does not name."""
    mistake = wrong_name(told_of("math.factorial", "Raise a ValueError if x is negative."))

    assert mistake is not None
    assert mistake.planted == "Raise a KeyError if x is negative."


def test_name_is_kept_when_the_passage_has_the_other_one_too() -> None:
    """A passage about both streams may bear out either."""
    assert wrong_name(told_of("subprocess.run", "It captures stdout and stderr alike.")) is None


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Return True if x is finite, and False otherwise.", "Return False if x is finite, and True otherwise."),
        ("The second sequence is not changed.", "The second sequence is changed."),
        ("This function doesn't normalize case.", "This function does normalize case."),
        ("The strings can contain any character.", "The strings cannot contain any character."),
        ("The caller is responsible for deleting it.", "The caller is not responsible for deleting it."),
        ("Choose items without repetition.", "Choose items with repetition."),
    ],
)
def test_meaning_is_turned_round_when_negation_is_flipped(right: str, wrong: str) -> None:
    """No becomes yes and yes becomes no, once."""
    mistake = flipped_negation(told_of("math.comb", right))

    assert mistake is not None
    assert mistake.planted == wrong


def test_fact_moves_to_another_object_when_entities_are_merged() -> None:
    """The fact stays as it is, and is told of the object that was retrieved beside it."""
    other = chunk("os.path.split", "Split a pathname.")
    mistake = merged_entities(told_of("heapq.nlargest", "Find the n largest elements in a dataset.", other))

    assert mistake is not None
    assert mistake.planted.endswith("of os.path.split: Find the n largest elements in a dataset.")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("heapq.nsmallest", "Find the n largest elements in a dataset, turned round."),
        ("heapq.nlargest.helper", "Something else."),
        ("collections.nlargest", "Something else."),
    ],
)
def test_entities_stay_apart_when_the_fact_may_hold_for_both(name: str, body: str) -> None:
    """Kin, namesakes, and objects whose passage says as much get no fact of each other's."""
    fact = "Find the n largest elements in a dataset."

    assert merged_entities(told_of("heapq.nlargest", fact, chunk(name, body))) is None


def test_cause_is_added_when_the_passage_gives_none() -> None:
    """The sentence goes on with a reason."""
    mistake = unstated_cause(told_of("heapq.merge", "Merge several inputs into one output."))

    assert mistake is not None
    assert mistake.planted.startswith("Merge several inputs into one output, because ")


def test_truth_stays_when_an_addition_is_invented() -> None:
    """Only the added sentence is wrong."""
    mistake = invented_addition(told_of("heapq.merge", "Merge several inputs into one output."))

    assert mistake is not None
    assert mistake.original == ""
    assert mistake.text == f"Merge several inputs into one output. {mistake.planted}"

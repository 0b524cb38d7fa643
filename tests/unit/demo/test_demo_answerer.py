"""The built-in answerer: faithful, and careless."""

import ast
from collections import Counter
from pathlib import Path

import groundspan_demo
import pytest
from groundspan_demo.answerer import ABSTENTIONS, Careless, Faithful
from groundspan_demo.corpus import Chunk
from groundspan_demo.mistakes import MISTAKES
from groundspan_demo.questions import Question

Retrieved = list[tuple[Question, list[Chunk]]]
SEEDS = (1, 7, 42)


def answers(answerer: Faithful, retrieved: Retrieved) -> list[str]:
    """Ask everything."""
    return [answerer.answer(question.text, chunks) for question, chunks in retrieved]


@pytest.mark.parametrize("version", [Faithful, Careless])
def test_answers_are_the_same_when_the_seed_is(version: type[Faithful], retrieved: Retrieved) -> None:
    """A run can be repeated."""
    assert answers(version(7), retrieved) == answers(version(7), retrieved)


def test_careless_answers_differ_when_the_seed_does(retrieved: Retrieved) -> None:
    """Another seed plants other mistakes."""
    assert answers(Careless(1), retrieved) != answers(Careless(2), retrieved)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_kind_is_planted_twice_when_all_is_asked(seed: int, retrieved: Retrieved) -> None:
    """A judge is measured on each kind of mistake."""
    careless = Careless(seed)
    answers(careless, retrieved)
    kinds = Counter(planted.kind for planted in careless.planted)

    assert set(kinds) == set(MISTAKES)
    assert min(kinds.values()) >= 2


@pytest.mark.parametrize("seed", SEEDS)
def test_mistakes_are_in_a_good_third_of_answers_when_careless(seed: int, retrieved: Retrieved) -> None:
    """Between 35 and 50 percent of the answers carry one mistake, the others none."""
    careless = Careless(seed)
    given = [text for text in answers(careless, retrieved) if text not in ABSTENTIONS]

    assert 0.35 <= len(careless.planted) / len(given) <= 0.5


def test_careless_answer_is_the_faithful_one_when_nothing_is_planted(retrieved: Retrieved) -> None:
    """The versions differ where a mistake was noted, and nowhere else."""
    careless = Careless(7)
    pairs = zip(answers(Faithful(7), retrieved), answers(careless, retrieved), strict=True)
    differing = {asked.text for (asked, _), (right, said) in zip(retrieved, pairs, strict=True) if right != said}

    assert differing == {planted.question for planted in careless.planted}


def test_planted_sentence_stands_in_its_answer_when_noted(retrieved: Retrieved) -> None:
    """What the list calls wrong can be looked up in the answer."""
    careless = Careless(7)
    answers(careless, retrieved)

    assert careless.planted
    assert all(planted.text in planted.answer for planted in careless.planted)


def test_planted_sentence_is_in_no_chunk_when_noted(retrieved: Retrieved) -> None:
    """What is called wrong is not what the passages say."""
    careless = Careless(7)
    answers(careless, retrieved)
    chunks = {question.text: found for question, found in retrieved}

    for planted in careless.planted:
        assert not any(planted.text in chunk["text"] for chunk in chunks[planted.question])


def test_answer_abstains_when_nothing_near_was_found() -> None:
    """No passages, no claims."""
    assert Faithful(7).answer("What is the capital of Mongolia?", []) in ABSTENTIONS


def test_answerer_knows_no_judge_when_its_imports_are_read() -> None:
    """Nothing of the demo imports the collector, where the judges live."""
    folder = Path(groundspan_demo.__file__).parent
    imported = {
        name
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in _modules(node)
    }

    assert "groundspan_demo.corpus" in imported
    assert not any(name.startswith("groundspan_collector") for name in imported)


def _modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []

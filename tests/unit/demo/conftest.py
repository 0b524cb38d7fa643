"""What the demo's tests share: questions with chunks found by their words alone, which takes no model."""

import random

import pytest
from groundspan_demo.corpus import Chunk, Passage, passages
from groundspan_demo.questions import QUESTIONS, Question, answerable
from groundspan_demo.statements import Statement, choose
from groundspan_demo.wording import keywords, overlap


@pytest.fixture(scope="session")
def corpus() -> list[Passage]:
    """The documentation of this interpreter's standard library."""
    return passages()


@pytest.fixture(scope="session")
def retrieved(corpus: list[Passage]) -> list[tuple[Question, list[Chunk]]]:
    """Every question with the four passages that share most of its words."""
    asked = answerable(QUESTIONS, frozenset(passage.object for passage in corpus))
    return [(question, _nearest(question, corpus)) for question in asked]


@pytest.fixture(scope="session")
def told(retrieved: list[tuple[Question, list[Chunk]]]) -> list[tuple[Statement, list[Chunk]]]:
    """Every true statement of every answer, with the chunks that it was taken from."""
    return [
        (statement, chunks)
        for question, chunks in retrieved
        for statement in choose(question.text, chunks, random.Random(1))
    ]


def _nearest(question: Question, corpus: list[Passage]) -> list[Chunk]:
    wanted = keywords(question.text)
    scored = sorted(((overlap(wanted, passage.text), passage) for passage in corpus), key=lambda pair: -pair[0])
    return [
        {
            "id": passage.id,
            "text": passage.text,
            "score": score,
            "metadata": {"module": passage.module, "object": passage.object},
        }
        for score, passage in scored[:4]
    ]

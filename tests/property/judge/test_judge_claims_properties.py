"""What holds of the claims of any text whatever."""

import time

import pytest
from groundspan_collector.claims import parts, split
from hypothesis import given
from hypothesis import strategies as st

PIECES = st.sampled_from(
    [
        "The limit is 30 days.",
        " It is so",
        "\n",
        "\n\n",
        "- item one",
        "1. ",
        "| a | b |",
        "|---|---|",
        "```",
        "```json\n",
        '{"a": ',
        '"text"',
        "}",
        "[",
        "]",
        ",",
        "。",
        "？",
        "¿Qué?",
        "é",
        "😀",
        "\u202e",
        "\x00",
        "\r\n",
        "**",
        "> ",
        "# ",
        ">>> x",
        " ",
        "...",
        "U.S.",
        "e.g. ",
        "J. K. ",
        "3.5",
        "I don't know",
        ", but ",
        "; ",
        "https://a.b/c?d=e",
        "(Passage 2)",
        "\\",
        "\ud800",
        "{'a': ",
        "'b'",
        '"sources": ',
        "\r",
        "\u2028",
        "\u200f",
        "\x1b[1m",
        "Here is a list: ",
        "While the text does not say when, ",
        ", while the House is full",
        ", and the cat is old",
        "The door is open",
        "；",
        "「行く。」",
        "References:\n",
        "**bold**",
        "1️⃣ ",
        "def f(x):",
    ]
)
ANSWERS = st.one_of(st.text(max_size=400), st.lists(PIECES, max_size=40).map("".join))


@given(ANSWERS)
def test_offsets_cut_exactly_the_text(answer: str) -> None:
    """``answer[start:end]`` is the claim's text, and it is not empty."""
    assert all(claim.text and answer[claim.start : claim.end] == claim.text for claim in split(answer).claims)


@given(ANSWERS)
def test_parts_are_ordered_and_disjoint(answer: str) -> None:
    """No character is in two parts, and a later part stands later."""
    edges = [edge for part in parts(answer) for edge in (part.start, part.end)]

    assert edges == sorted(edges)


@given(ANSWERS)
def test_no_letter_or_digit_is_lost(answer: str) -> None:
    """Whatever could be checked is in a part, so it is a claim or of a kind that is left out on purpose."""
    covered = {place for part in parts(answer) for place in range(part.start, part.end)}

    assert [place for place, char in enumerate(answer) if char.isalnum() and place not in covered] == []


@given(ANSWERS)
def test_an_answer_that_abstains_has_no_claims(answer: str) -> None:
    """The two are never true together."""
    found = split(answer)

    assert not (found.abstains and found.claims)


@pytest.mark.parametrize(
    "unit",
    [
        "a ",
        "word. ",
        "|",
        "> ",
        "*",
        '{"a',
        "[",
        '"',
        "\\",
        "- \n",
        " ",
        "\n",
        "(",
        "[1",
        "a.b.",
        "`",
        "```\n",
        "; ",
        "a b c d; ",
        "passage ",
        "Here is ",
        "Sure, ",
        "1.",
        "。",
        '."',
        "-",
        "|-",
        "\t",
        "do not ",
        '"a": ',
        "J. ",
        "'a ",
        "{'a': '",
        '\n{"a":\n',
        '{"sources": ["',
        ", and the cat is ",
        "it is a cat, while the dog ",
        "the provided text and we ",
        "no data ",
        "im text ",
        "Here is a list: ",
        "x = (",
        "[^",
        "【",
        "\u200b",
        "\r",
        "no full stop in this long line that was wrapped by a writer\r",
        "a line that was wrapped by its writer and has no full stop at\n",
        "；",
        " | ",
        "😀\n",
        "**a**\n",
        "**a ",
        "sources:\n",
        "ABC; ",
    ],
)
def test_time_stays_linear_when_an_answer_repeats_one_thing(unit: str) -> None:
    """200 kB of anything is cut in seconds, so no pattern goes back over what it read."""
    answer = unit * (200_000 // len(unit))
    started = time.process_time()

    parts(answer)

    assert time.process_time() - started < 3

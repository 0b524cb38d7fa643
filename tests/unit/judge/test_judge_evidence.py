"""A context is read into statements, and a claim finds the passage that it is about."""

import time

import pytest
from groundspan_collector.evidence import Evidence, passages, read
from groundspan_collector.wording import stem, words


def stems(text: str) -> list[str]:
    """The words of *text* as they are compared, stop words left out."""
    return [word.stem for word in words(text) if word.kind != "stop"]


def best(context: list[str], claim: str) -> str:
    """The text of the best passage for *claim*."""
    at = passages(read(context), stems(claim))[0].at
    return context[at.chunk][at.start : at.end]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("stored storing stores store", "store store store store"),
        ("1,000 items", "1000 item"),
        ("3.50 %", "3.5 %"),
        ("two files", "2 files"),
        ("on 2024-03-05", "on 2024 March 5"),
        ("Jan. 5", "January 5"),
        ("it doesn't run", "it not runs"),
        ("CAFÉ", "café"),
        ("the 5th item", "5 items"),
        ("２０ ｋｇ", "20 kg"),
        ("٣ كتب", "3 كتب"),
    ],
)
def test_two_spellings_compare_equal_when_they_are_one_thing(one: str, other: str) -> None:
    """Endings, digits, number words, months, negations and letter forms have one spelling each."""
    assert stems(one) == stems(other)


@pytest.mark.parametrize(("one", "other"), [("1.5", "15"), ("10:30", "1030"), ("not", "now"), ("March", "May")])
def test_two_spellings_differ_when_they_are_two_things(one: str, other: str) -> None:
    """What means something else is not made equal."""
    assert stems(one) != stems(other)


def test_unspaced_scripts_compare_by_neighbours_when_there_are_no_spaces() -> None:
    """Chinese is compared by pairs of characters."""
    assert stems("首都是北京") == ["首都", "都是", "是北", "北京"]


def test_words_stand_where_they_are_cut_from() -> None:
    """Offsets are into the text that was given, not into the piece that was read."""
    text = "Alpha beta 1,000 gamma."

    assert [text[w.start : w.end] for w in words(text, 6)] == ["beta", "1,000", "gamma"]


def test_the_best_passage_is_the_sentence_with_the_rarest_words() -> None:
    """Words that every sentence has decide nothing."""
    context = ["The queue is first in, first out. The queue holds forty items.", "The queue is a class."]

    assert best(context, "The queue holds 50 items.") == "The queue holds forty items."


def test_a_passage_has_its_neighbour_when_that_adds_to_it() -> None:
    """A claim made of two sentences finds both."""
    context = ["Ann Lee wrote the parser. It was finished in Oslo in 1999. Nobody uses tabs."]

    assert (
        best(context, "Ann Lee's parser was finished in Oslo.")
        == "Ann Lee wrote the parser. It was finished in Oslo in 1999."
    )


def test_no_passage_is_given_when_no_word_is_shared() -> None:
    """There is no evidence in a context that speaks of other things."""
    assert passages(read(["The sky is blue."]), stems("Compilers emit code.")) == []


def test_evidence_cuts_the_chunk_when_a_title_stands_before_it() -> None:
    """A heading on a line of its own is no part of the sentence below it."""
    assert best(["heapq.heappush(heap, item)\n\nPush the item onto the heap."], "It pushes an item.") == (
        "Push the item onto the heap."
    )


@pytest.mark.parametrize(
    ("claim", "leaf"),
    [
        ("It has no wifi.", '"WiFi": "no"'),
        ("It opens on Monday at 9.", '"Monday": "9:0-17:0"'),
        ("The parking garage is closed.", '"garage": false'),
    ],
)
def test_a_record_is_read_by_its_leaves_when_a_chunk_is_json(claim: str, leaf: str) -> None:
    """Each value is a statement, with the keys that lead to it."""
    record = (
        '{"name": "Blue Cafe", "WiFi": "no", "hours": {"Monday": "9:0-17:0"}, "BusinessParking": {"garage": false}}'
    )

    assert best([record], claim) == leaf


def test_a_record_says_no_when_its_value_is_false() -> None:
    """``"garage": false`` denies the garage."""
    (statement,) = read(['{"garage": false}']).statements

    assert [word.stem for word in statement.words] == ["not", stem("garage")]


def test_chunks_are_told_apart() -> None:
    """Evidence names the index of the chunk that it is in."""
    assert passages(read(["Red apples.", "", "Green pears."]), stems("pears"))[0].at == Evidence(2, 0, 12)


def test_a_long_context_is_read_in_time() -> None:
    """A hundred chunks and fifty thousand characters cost a claim milliseconds."""
    index = read([f"Module {n} has the function f{n} for job {n % 7}. " * 10 for n in range(100)])
    started = time.process_time()

    for n in range(100):
        passages(index, stems(f"The function f{n} of module {n} does job {n % 7}."))

    assert time.process_time() - started < 2

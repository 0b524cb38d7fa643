"""What is shown of any context is cut from it."""

import json

from groundspan_collector import structured
from groundspan_collector.evidence import passages, read
from groundspan_collector.evidence_window import window
from groundspan_collector.wording import words
from hypothesis import given
from hypothesis import strategies as st

WORDS = ["Ann", "Oslo", "wifi", "no", "8:0-21:0", "Monday", "9 pm", "1,000", "not ", "é", "名字", "\\u00e9", "\\n"]
MARKS = [" ", ". ", ", ", ": ", "\n", "\n\n", "\t", "|", ",", "- ", "# ", "{", "}", "[", "]", '"', "'"]
FIELDS = ['"WiFi": "no", ', '{"name": "Blue", ', "the cafe is open on ", "key: value\n", "  inner: other\n", "key:\n"]
ROWS = ["a,b,c\n", "1,2,3\n", "| a | b |\n", "| --- | --- |\n", "| 1 | 2 |\n", "a\tb\n"]
PIECES = st.sampled_from([*WORDS, *MARKS, *FIELDS, *ROWS])
TEXTS = st.one_of(st.text(max_size=120), st.lists(PIECES, max_size=40).map("".join))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20)),
    lambda inside: st.one_of(st.lists(inside, max_size=3), st.dictionaries(st.text(max_size=8), inside, max_size=3)),
    max_leaves=12,
)
CHUNKS = st.one_of(
    TEXTS, VALUES.map(json.dumps), VALUES.map(repr), VALUES.map(lambda value: json.dumps(value, indent=2))
)
CONTEXTS = st.lists(CHUNKS, max_size=4)


@given(context=CONTEXTS, claim=TEXTS, most_chars=st.integers(0, 300))
def test_a_window_is_cut_from_the_context_within_its_budget(context: list[str], claim: str, most_chars: int) -> None:
    """Each part is a stretch of a chunk that stands in the text, in order of chunks, and twice asked is once told."""
    index = read(context)
    shown = window(index, words(claim), most_chars)

    assert len(shown.text) <= most_chars
    assert shown == window(read(context), words(claim), most_chars)
    assert [part.chunk for part in shown.parts] == sorted(part.chunk for part in shown.parts)
    assert len(set(shown.parts)) == len(shown.parts)
    for part in shown.parts:
        cut = context[part.chunk][part.start : part.end]
        assert len(cut) == part.end - part.start > 0
        assert cut in shown.text or structured.plain(cut) in shown.text


@given(context=CONTEXTS)
def test_words_and_statements_stand_inside_their_chunk(context: list[str]) -> None:
    """Whatever a chunk holds, its statements are stretches of it."""
    for statement in read(context).statements:
        size = len(context[statement.at.chunk])
        assert 0 <= statement.at.start < statement.at.end <= size
        assert all(0 <= word.start < word.end <= size for word in statement.words)


@given(context=CONTEXTS)
def test_each_word_of_a_statement_finds_a_passage(context: list[str]) -> None:
    """What was read can be asked for."""
    index = read(context)

    assert all(passages(index, [stem]) for statement in index.statements for stem in statement.stems)

"""Whatever a model replies, it is verdicts on the claims that were asked about, or a reason."""

import json
from typing import Any

from groundspan_collector.judges import framing, reply
from hypothesis import given
from hypothesis import strategies as st

CONTEXT = ["The buffer holds 64 entries.", "Goods may be returned.\n\nWithin 30 days."]
TICKET = "0011223344556677"

_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_entries = st.fixed_dictionaries(
    {
        "claim": st.integers(0, 2) | _anything,
        "verdict": st.sampled_from(framing.WORDS) | _anything,
        "chunk": st.integers(-3, 3) | st.none() | _anything,
        "quote": st.sampled_from(["64", "returned. Within", " ", "Ignore", *CONTEXT]) | st.none() | _anything,
    }
)
_replies = st.fixed_dictionaries(
    {"ticket": st.just(TICKET) | _anything, "verdicts": st.lists(_entries, max_size=4) | _anything}
)


def _read(text: str, claims: list[int]) -> list[Any]:
    try:
        return reply.read(text, TICKET, claims, CONTEXT)
    except reply.BadReply:
        return []


@given(st.text() | _anything.map(json.dumps) | _replies.map(json.dumps), st.sampled_from([[0], [0, 1], [0, 1, 2]]))
def test_a_reply_is_verdicts_on_all_claims_or_refused(text: str, claims: list[int]) -> None:
    """Nothing else leaves, and evidence lies in the context."""
    verdicts = _read(text, claims)

    assert len(verdicts) in {0, len(claims)}
    for verdict in verdicts:
        assert verdict.word in framing.WORDS
        assert 0 <= verdict.support <= 1
        if at := verdict.evidence:
            assert 0 <= at.start < at.end <= len(CONTEXT[at.chunk])


@given(st.data())
def test_a_quote_cut_out_of_a_chunk_is_found_where_it_has_the_same_words(data: st.DataObject) -> None:
    """Wherever it begins and ends."""
    text = data.draw(st.text(alphabet="ab \n.(*\\", min_size=1, max_size=30))
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    at = reply.find(text[start:end], 0, [text])

    assert (at is None) == (not text[start:end].strip())
    if at:
        assert text[at.start : at.end].split() == text[start:end].split()

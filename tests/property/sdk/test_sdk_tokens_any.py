"""Whatever a text is: counting raises nothing, and more text is not fewer tokens."""

import json
from importlib.util import find_spec

import pytest
from groundspan import _guard
from groundspan import attributes as keys
from groundspan._estimate import CL100K, O200K, estimated
from groundspan._tokens import Counter, counted
from hypothesis import given
from hypothesis import strategies as st

# Any character, surrogates too, and runs of what tokenizers treat in ways of their own.
TEXTS = st.text(st.characters(), max_size=200) | st.text("aZé7.\n _ж字😀", max_size=200)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["parts", "content", "name"]), inner),
    max_leaves=10,
)
RATES = st.sampled_from([O200K, CL100K])
LOCAL = Counter()


@given(TEXTS, RATES)
def test_estimate_is_a_count(text: str, rates: object) -> None:
    """Of nothing it is 0, of a text at least 1 and at most one for each of its UTF-8 bytes, and some."""
    assert rates in (O200K, CL100K)
    tokens = estimated(text, O200K if rates is O200K else CL100K)

    assert (tokens == 0) == (text == "")
    assert 0 <= tokens <= 8 * len(text) + 1


@given(TEXTS, TEXTS)
def test_more_text_is_more_tokens(first: str, second: str) -> None:
    """But for the seam, where two words or runs may become one."""
    both = estimated(first + second)

    assert both >= max(estimated(first), estimated(second)) - 1
    assert both <= estimated(first) + estimated(second) + 3


@given(st.sampled_from(["gpt-4o", "gpt-4", "claude-sonnet-4-5", ""]), VALUES | st.lists(VALUES, max_size=3))
def test_counting_never_raises(model: str, messages: object) -> None:
    """Whatever stands where messages should; counts are never negative."""
    span = {keys.STAGE: "generate", keys.REQUEST_MODEL: model, keys.OUTPUT_MESSAGES: json.dumps(messages)}

    with _guard.reraising():
        added = counted(span, LOCAL)

    assert all(isinstance(value, str) or (isinstance(value, int) and value >= 0) for value in added.values())


@pytest.mark.skipif(find_spec("bpe_openai") is None, reason="not part of the plain install")
@given(TEXTS, st.sampled_from(["gpt-4o", "gpt-4"]))
def test_tokenizer_takes_any_text(text: str, model: str) -> None:
    """Also text that is no Unicode."""
    with _guard.reraising():
        count = LOCAL.count([text], model)

    assert count.source == "tokenizer"
    assert (count.tokens == 0) == (text == "")

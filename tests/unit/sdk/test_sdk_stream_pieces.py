"""The pieces of a stream put together again, and the times that they took."""

import json
from itertools import pairwise
from typing import Any

import pytest
from groundspan import attributes as keys
from groundspan._answers import Whole, answer
from groundspan._pace import Pace
from groundspan._pieces import speaks, whole
from groundspan._text import Cutter
from hypothesis import given
from hypothesis import strategies as st
from model_api import ANSWER, chunks_of_stream


def _delta(**delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta}]}


def _response(put: object) -> Any:
    assert isinstance(put, Whole)
    return put.response


@given(st.lists(st.text(), max_size=20))
def test_pieces_of_a_chat_are_its_text(texts: list[str]) -> None:
    """However the answer is cut, it is the same answer."""
    put = whole([_delta(role="assistant"), *(_delta(content=text) for text in texts)])

    assert _response(put)["choices"][0]["message"]["content"] == "".join(texts)


@given(st.binary(), st.lists(st.integers(0, 40), max_size=5))
def test_bytes_are_one_text_wherever_they_are_cut(raw: bytes, cuts: list[int]) -> None:
    """A letter of several bytes may come in two pieces."""
    edges = [0, *sorted(cuts), len(raw)]
    pieces = [raw[start:end] for start, end in pairwise(edges)]

    assert whole(pieces) == whole(["".join([b"".join(pieces).decode(errors="replace")])])


@given(st.lists(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(
    st.sampled_from(["type", "choices", "delta", "content", "message", "response", "usage", "index", "text"]),
    inner | st.lists(inner, max_size=3), max_size=4), max_leaves=8), max_size=6))  # fmt: skip
def test_any_pieces_can_be_put_together(pieces: list[object]) -> None:
    """What is half a chunk of somebody's is no error."""
    for piece in pieces:
        assert speaks(piece) in (True, False)
    answer(whole(pieces), Cutter(1000))


def test_usage_is_taken_from_whichever_chunk_brings_it() -> None:
    """From a last chunk with choices or without them; where none came it is unknown."""
    usage = {"prompt_tokens": 3, "completion_tokens": 2}

    assert _response(whole([_delta(content="a"), {"choices": [], "usage": usage}]))["usage"] == usage
    assert _response(whole([_delta(content="a") | {"usage": usage}]))["usage"] == usage
    assert _response(whole([_delta(content="a")]))["usage"] is None


def test_tool_calls_are_put_together_by_their_index() -> None:
    """Two calls whose arguments come in turn."""
    chunks = [
        _delta(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]),
        _delta(tool_calls=[{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}]),
        _delta(tool_calls=[{"index": 0, "function": {"arguments": '{"x":1}'}}]),
    ]
    calls = _response(whole(chunks))["choices"][0]["message"]["tool_calls"]

    assert [(call["id"], call["name"], call["arguments"]) for call in calls] == [
        ("a", "f", '{"x":1}'),
        ("b", "g", "{}"),
    ]


@pytest.mark.parametrize("ended", [False, True])
def test_response_events_are_a_response(ended: bool) -> None:
    """The last event holds all of it; without one, what came is kept and nothing is made up."""
    output = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Five days."}]}]
    done = {"id": "r", "model": "m", "output": output, "status": "completed", "usage": {"input_tokens": 2}}
    events = [
        {"type": "response.created", "response": {"id": "r", "model": "m"}},
        {"type": "response.output_text.delta", "delta": "Five "},
        {"type": "response.completed", "response": done},
    ]
    read = answer(whole(events if ended else events[:2]), Cutter(1000))

    assert read is not None
    assert (read.model, read.response_id) == ("m", "r")
    assert read.messages[0]["parts"] == [{"type": "text", "content": "Five days." if ended else "Five "}]
    assert read.finish_reasons == ("stop" if ended else "incomplete",)
    assert (read.usage is None) is not ended


def test_server_sent_events_are_taken_apart() -> None:
    """Their frames are no part of an answer: of text frames the text, of JSON frames the chunks."""
    chunks = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks_of_stream()]

    assert whole(["data: Five \n\n", "data: days.\n\n", "data: [DONE]\n\n"]) == "Five days."
    assert _response(whole([*chunks, "data: [DONE]\n\n"]))["choices"][0]["message"]["content"] == ANSWER
    assert whole(['data: {"step": "search"}\n\n']) is None


@pytest.mark.parametrize(
    "silent",
    [
        "",
        _delta(role="assistant", content=""),
        {"choices": [], "usage": {"prompt_tokens": 3}},
        {"type": "ping"},
        {"type": "message_start", "message": {}},
        {"type": "response.created", "response": {}},
        {"type": "text", "text": "Five ", "snapshot": "Five "},
    ],
)
def test_piece_without_any_of_the_answer_is_no_token(silent: object) -> None:
    """The time to the first token does not end with a role, a ping, or what a client derives."""
    assert not speaks(silent)


def test_pace_is_counted_from_the_first_token() -> None:
    """Times in seconds; the rate is of the tokens after the first."""
    pace = Pace(1_000_000_000)
    for now_ns in (1_500_000_000, 1_600_000_000, 1_700_000_000, 2_500_000_000):
        pace.came(now_ns)

    assert pace.written(11) == {
        keys.STREAM_PIECES: 4,
        keys.TIME_TO_FIRST_CHUNK_S: 0.5,
        keys.STREAM_GAP_P50_S: 0.1,
        keys.STREAM_GAP_MAX_S: 0.8,
        keys.STREAM_TOKENS_PER_S: 10.0,
        keys.STREAM_TOKENS_SOURCE: "provider",
    }
    assert pace.written(None)[keys.STREAM_TOKENS_PER_S] == 3.0
    assert pace.written(None)[keys.STREAM_TOKENS_SOURCE] == "pieces"


def test_pace_of_nothing_is_unknown() -> None:
    """No piece has no time, and one has no gaps."""
    pace = Pace(0)
    assert pace.written(5) == {keys.STREAM_PIECES: 0}

    pace.came(2_000_000_000)
    assert pace.written(5) == {keys.STREAM_PIECES: 1, keys.TIME_TO_FIRST_CHUNK_S: 2.0}

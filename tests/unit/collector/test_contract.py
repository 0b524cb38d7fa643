"""What the SDK writes is what the collector reads: decorated functions, exported for real, found in columns."""

import json
from collections.abc import Iterator
from typing import Any, cast

import groundspan as gs
import pytest
import stored
from groundspan import attributes
from groundspan._capture import Attributes
from groundspan._events import Event, encoded
from groundspan._tokens import Counter, counted
from groundspan.testing import capture_spans
from groundspan_collector import records
from groundspan_collector.decode import logs
from groundspan_collector.store import Store
from model_api import ANSWER, chunks_of_stream
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans


@gs.embed(model="text-embedding-3-small", provider="openai")
def _embed(text: str) -> list[float]:
    return [0.1] * len(text)


@gs.retrieve(relevant=["d2"])
def _search(query: str) -> list[dict[str, Any]]:
    return [
        {"id": f"d{n}", "score": 1 - n / 100, "text": f"{query} {n}", "metadata": {"source": "a.md"}} for n in range(12)
    ]


@gs.rerank
def _best(query: str, hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [hit for hit in hits if query and hit["id"] in {"d10", "d2"}]


@gs.tokenize
def _tokens(text: str) -> list[int]:
    return [ord(letter) for letter in text]


@gs.generate(model="gpt-4o-mini", provider="openai")
def _ask(prompt: str) -> dict[str, Any]:
    assert prompt
    return {
        "object": "chat.completion",
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Ada wrote it. ✓"}}],
        "usage": {
            "prompt_tokens": 120,
            "completion_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 20},
            "completion_tokens_details": {"reasoning_tokens": 10},
        },
    }


@gs.pipeline
def _answer(question: str) -> str:
    _embed(question)
    _tokens(question)
    _best(question, _search(question))
    return str(_ask(question)["choices"][0]["message"]["content"])


@pytest.fixture
def rows(store: Store, project: str) -> dict[str, dict[str, Any]]:
    """The spans of one decorated request, by stage, as the collector stored them."""
    with capture_spans() as spans, gs.context(session="s-1", user="u-1", region="eu"):
        _answer("Who wrote it?")
        body = encode_spans(list(spans)).SerializeToString()
    store.insert_spans([body], len(spans), project=project, received_at_ns=stored.RECEIVED_NS)
    return {row["stage"]: row for row in stored.spans(store, project)}


def test_every_stage_arrives(rows: dict[str, dict[str, Any]]) -> None:
    """Each as itself, in our dialect, with session, user and segments."""
    assert set(rows) == {"pipeline", "embed", "tokenize", "retrieve", "rerank", "generate"}
    for row in rows.values():
        assert (row["dialect"], row["session"], row["user"]) == ("groundspan", "s-1", "u-1")
        assert row["segments"] == {"region": "eu"}


def test_model_and_usage_arrive(rows: dict[str, dict[str, Any]]) -> None:
    """Every kind of token in a column of its own."""
    call = rows["generate"]

    assert (call["provider"], call["model"], call["request_model"]) == (
        "openai",
        "gpt-4o-mini-2024-07-18",
        "gpt-4o-mini",
    )
    assert (call["input_tokens"], call["output_tokens"], call["cache_read_tokens"], call["reasoning_tokens"]) == (
        120,
        30,
        20,
        10,
    )
    assert (call["finish_reasons"], call["tokens_source"]) == (["stop"], "provider")
    assert rows["tokenize"]["input_tokens"] is None


def test_texts_arrive(rows: dict[str, dict[str, Any]]) -> None:
    """The question and the answer, at the root and at the call."""
    assert (rows["pipeline"]["query"], rows["pipeline"]["output"]) == ("Who wrote it?", "Ada wrote it. ✓")
    assert rows["generate"]["output"] == "Ada wrote it. ✓"


def test_chunks_arrive_in_their_order(store: Store, project: str, rows: dict[str, dict[str, Any]]) -> None:
    """With ids, scores, texts and sources."""
    chunks = stored.chunks(store, project, rows["retrieve"])

    assert chunks == [(f"d{n}", 1 - n / 100, f"Who wrote it? {n}", "a.md") for n in range(12)]
    assert [chunk["id"] for chunk in rows["rerank"]["chunks"]] == ["d2", "d10"]
    assert rows["retrieve"]["relevant_ids"] == ["d2"]


def test_call_names_the_spans_that_it_stood_on(rows: dict[str, dict[str, Any]]) -> None:
    """The reranked chunks, not all that were found."""
    assert rows["generate"]["context_span_ids"] == [rows["rerank"]["span_id"]]


def test_raw_attributes_are_kept(rows: dict[str, dict[str, Any]]) -> None:
    """But for the documents, which are in a table of their own."""
    kept = rows["pipeline"]["attributes"]

    assert json.loads(kept["gen_ai.output.messages"])[0]["role"] == "assistant"
    assert "gen_ai.retrieval.documents" not in rows["retrieve"]["attributes"]


@gs.generate(model="gpt-4o-mini", provider="openai")
def _stream(prompt: str) -> Iterator[dict[str, Any]]:
    assert prompt
    yield from chunks_of_stream()


def test_stream_arrives_as_a_whole(store: Store, project: str) -> None:
    """Its text, its usage and its time to the first token in columns, the rest of its pace as it was sent."""
    with capture_spans() as spans:
        list(_stream("May I return it?"))
        body = encode_spans(list(spans)).SerializeToString()
    store.insert_spans([body], len(spans), project=project, received_at_ns=stored.RECEIVED_NS)
    (row,) = stored.spans(store, project)
    sent = spans[0].attributes or {}

    assert (row["output"], row["input_tokens"], row["output_tokens"]) == (ANSWER, 1000, 100)
    first_ns = float(str(sent[attributes.TIME_TO_FIRST_CHUNK_S])) * 1e9
    assert row["time_to_first_token_ns"] == pytest.approx(first_ns, abs=1)
    assert row["attributes"][attributes.STREAM_OUTCOME] == "finished"
    assert float(row["attributes"][attributes.STREAM_GAP_MAX_S]) == sent[attributes.STREAM_GAP_MAX_S]


@pytest.mark.parametrize(("model", "source"), [("gpt-4o", "tokenizer"), ("claude-sonnet-4-5", "estimate")])
def test_counted_tokens_arrive_with_their_source(store: Store, project: str, model: str, source: str) -> None:
    """So that a report can tell what was billed from what was guessed."""
    with capture_spans() as spans:
        with gs.generate.span(model=model, provider="openai") as call:
            call.answer("Hello! How can I assist you today?")
        with gs.generate.span(model=model, provider="openai") as call:
            for key, value in counted(cast("Attributes", dict(spans[0].attributes or {})), Counter()).items():
                call.set(key, value)
        body = encode_spans([spans[1]]).SerializeToString()
    store.insert_spans([body], 1, project=project, received_at_ns=stored.RECEIVED_NS)
    (row,) = stored.spans(store, project)

    assert (row["output_tokens"], row["tokens_source"]) == (9, source)


def test_evaluations_arrive(store: Store, project: str) -> None:
    """What was said of an answer, and which ids were relevant to it."""
    common = {attributes.EVALUATION_NAME: "feedback", attributes.EVALUATION_LABEL: "good"}
    said = Event(1, 2, stored.RECEIVED_NS, {**common, attributes.EVALUATION_SCORE: 0.5})
    ids = {attributes.EVALUATION_NAME: "relevant_ids", attributes.EVALUATION_EXPLANATION: '["d1"]'}
    body = logs.request(encoded([said, Event(1, 0, stored.RECEIVED_NS, ids)], {})).body
    records.insert_logs(store, [body], 2, project=project, received_at_ns=stored.RECEIVED_NS)

    rows = store.rows(
        "SELECT trace_id, span_id, name, score_value, score_label, explanation FROM evaluations_once "
        "WHERE project = {project:String} ORDER BY name",
        {"project": project},
    )
    assert [list(row.values()) for row in rows] == [
        [f"{1:032x}", f"{2:016x}", "feedback", 0.5, "good", ""],
        [f"{1:032x}", "", "relevant_ids", None, "", '["d1"]'],
    ]

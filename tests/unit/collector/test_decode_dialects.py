"""One call, spelled by each dialect, becomes one row."""

import json
from typing import Any

import otlp
import pytest
import stored
from groundspan_collector.store import Store

QUESTION, ANSWER = "Who wrote it?", "Ada wrote it."
CHAT = {
    "stage": "generate",
    "provider": "openai",
    "model": "gpt-4o-mini-2024-07-18",
    "input_tokens": 120,
    "output_tokens": 30,
    "cache_read_tokens": 20,
    "reasoning_tokens": 10,
    "query": QUESTION,
    "output": ANSWER,
    "session": "s-1",
    "user": "u-1",
}


def _message(role: str, text: str) -> dict[str, otlp.Value]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


ASKED = [_message("system", "Be brief."), _message("user", "Hello."), _message("assistant", "Hi."),
         _message("user", QUESTION)]  # fmt: skip
ANSWERED = [_message("assistant", ANSWER)]

GEN_AI: dict[str, otlp.Value] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.output_tokens": 30,
    "gen_ai.usage.cache_read.input_tokens": 20,
    "gen_ai.usage.reasoning.output_tokens": 10,
    "gen_ai.conversation.id": "s-1",
    "user.id": "u-1",
}
GEN_AI_OLD: dict[str, otlp.Value] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "openai",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.usage.prompt_tokens": 120,
    "gen_ai.usage.completion_tokens": 30,
    "gen_ai.usage.cache_read_input_tokens": 20,
    "gen_ai.usage.reasoning_tokens": 10,
    "session.id": "s-1",
    "enduser.id": "u-1",
}
JSON_MESSAGES: dict[str, otlp.Value] = {
    "gen_ai.input.messages": json.dumps(ASKED),
    "gen_ai.output.messages": json.dumps(ANSWERED),
}
STRUCTURED_MESSAGES: dict[str, otlp.Value] = {"gen_ai.input.messages": ASKED, "gen_ai.output.messages": ANSWERED}
OPENINFERENCE: dict[str, otlp.Value] = {
    "openinference.span.kind": "LLM",
    "llm.provider": "openai",
    "llm.model_name": "gpt-4o-mini-2024-07-18",
    "llm.token_count.prompt": 120,
    "llm.token_count.completion": 30,
    "llm.token_count.prompt_details.cache_read": 20,
    "llm.token_count.completion_details.reasoning": 10,
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "Be brief.",
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.content": QUESTION,
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": ANSWER,
    "input.value": '{"messages": []}',
    "input.mime_type": "application/json",
    "session.id": "s-1",
    "user.id": "u-1",
}
CHUNKS = [(f"doc-{n}", 0.5, f"text {n}", "a.md") for n in range(12)]


def _documents_json(text_key: str) -> str:
    return json.dumps(
        [{"id": i, "score": s, text_key: text, "metadata": {"source": source}} for i, s, text, source in CHUNKS]
    )


def _documents_flat(prefix: str) -> dict[str, otlp.Value]:
    out: dict[str, otlp.Value] = {"openinference.span.kind": "RETRIEVER"}
    # Written last to first: their numbers, not their places, say the order.
    for number, (identity, score, text, source) in reversed(list(enumerate(CHUNKS))):
        stem = f"{prefix}.{number}.document."
        out |= {stem + "id": identity, stem + "score": score, stem + "content": text}
        out[stem + "metadata"] = json.dumps({"source": source})
    return out


@pytest.mark.parametrize(
    "attributes",
    [
        {"groundspan.stage": "generate", **GEN_AI, **JSON_MESSAGES},
        GEN_AI | JSON_MESSAGES,
        GEN_AI | STRUCTURED_MESSAGES,
        GEN_AI_OLD | JSON_MESSAGES,
        OPENINFERENCE,
    ],
    ids=["groundspan", "gen_ai", "gen_ai structured", "gen_ai old", "openinference"],
)
def test_row_is_the_same_whichever_dialect_spells_the_call(
    store: Store, project: str, attributes: dict[str, otlp.Value]
) -> None:
    """Reports must not depend on the instrumentation that a user happens to have."""
    row = stored.read_back(store, project, attributes)

    assert {name: row[name] for name in CHAT} == CHAT


@pytest.mark.parametrize(
    "attributes",
    [
        {"groundspan.stage": "retrieve", "gen_ai.retrieval.documents": _documents_json("content")},
        {"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": _documents_json("text")},
        {"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": _documents_json("page_content")},
        {"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": json.loads(_documents_json("content"))},
        _documents_flat("retrieval.documents"),
        _documents_flat("reranker.output_documents"),
    ],
    ids=["groundspan", "text", "page_content", "structured", "openinference", "openinference reranker"],
)
def test_chunks_are_the_same_whichever_dialect_spells_them(
    store: Store, project: str, attributes: dict[str, otlp.Value]
) -> None:
    """Chunk 10 comes after chunk 2, in every spelling."""
    row = stored.read_back(store, project, attributes)

    assert stored.chunks(store, project, row) == CHUNKS


def test_chunks_are_texts_alone_when_documents_are_strings(store: Store, project: str) -> None:
    """A list of strings has no ids and no scores."""
    row = stored.read_back(
        store, project, {"groundspan.stage": "retrieve", "gen_ai.retrieval.documents": '[ "one", "two"]'}
    )

    assert stored.chunks(store, project, row) == [("", None, "one", ""), ("", None, "two", "")]


def test_chunk_ids_are_text_when_emitted_as_numbers(store: Store, project: str) -> None:
    """Vector stores number their points."""
    flat: dict[str, otlp.Value] = {
        "openinference.span.kind": "RETRIEVER",
        "retrieval.documents.0.document.id": 7,
        "retrieval.documents.0.document.content": "x",
    }
    listed: dict[str, otlp.Value] = {"gen_ai.retrieval.documents": '[{"id": 7, "content": "x"}]'}

    rows = stored.rows_of(store, project, flat, listed)

    assert [row["chunks"][0]["id"] for row in rows] == ["7", "7"]


def test_documents_are_not_repeated_among_attributes_when_they_became_chunks(store: Store, project: str) -> None:
    """Chunk texts are most of the disk: they are kept once."""
    rows = stored.rows_of(
        store,
        project,
        {"groundspan.stage": "retrieve", "gen_ai.retrieval.documents": '[{"content": "x"}]', "kept": "y"},
        _documents_flat("retrieval.documents"),
        {"groundspan.stage": "retrieve", "gen_ai.retrieval.documents": "unreadable"},
    )

    assert [set(row["attributes"]) for row in rows] == [
        {"groundspan.stage", "kept"},
        {"openinference.span.kind"},
        {"groundspan.stage", "gen_ai.retrieval.documents"},
    ]


def test_output_joins_message_contents_when_openinference_splits_them(store: Store, project: str) -> None:
    """message.contents is a numbered list of parts."""
    parts: dict[str, otlp.Value] = {
        f"llm.output_messages.0.message.contents.{n}.message_content.text": f"part {n}" for n in (0, 2, 10)
    }
    row = stored.read_back(
        store,
        project,
        {"openinference.span.kind": "LLM", "llm.output_messages.0.message.role": "assistant", **parts},
    )

    assert row["output"] == "part 0\npart 2\npart 10"


def test_question_is_the_last_user_message_when_there_are_more_than_ten(store: Store, project: str) -> None:
    """The tenth message comes after the second."""
    turns: dict[str, otlp.Value] = {"openinference.span.kind": "LLM"}
    for number in range(11):
        turns[f"llm.input_messages.{number}.message.role"] = "user" if number % 2 == 0 else "assistant"
        turns[f"llm.input_messages.{number}.message.content"] = f"turn {number}"

    assert stored.read_back(store, project, turns)["query"] == "turn 10"


@pytest.mark.parametrize("content", [[{"type": "text", "text": "one"}, {"type": "text", "text": "two"}], "one\ntwo"])
def test_query_is_read_when_messages_have_the_shape_of_openai(store: Store, project: str, content: object) -> None:
    """Emitters put the API's own messages where the convention wants parts."""
    row = stored.read_back(
        store, project, {"gen_ai.input.messages": json.dumps([{"role": "user", "content": content}])}
    )

    assert row["query"] == "one\ntwo"


@pytest.mark.parametrize(
    ("attributes", "stage"),
    [
        ({"groundspan.stage": "tokenize", "gen_ai.operation.name": "chat"}, "tokenize"),
        ({"groundspan.stage": "nonsense", "gen_ai.operation.name": "chat"}, "generate"),
        ({"gen_ai.operation.name": "invoke_agent"}, "agent"),
        ({"gen_ai.operation.name": "unheard of", "gen_ai.tool.name": "t"}, "tool"),
        ({"gen_ai.retrieval.query.text": "q"}, "retrieve"),
        ({"gen_ai.embeddings.dimension.count": 3}, "embed"),
        ({"gen_ai.request.model": "m"}, "generate"),
        ({"openinference.span.kind": "RERANKER"}, "rerank"),
        ({"openinference.span.kind": "UNKNOWN"}, "other"),
        ({"http.method": "GET"}, "other"),
    ],
)
def test_stage_is_what_the_most_explicit_attribute_says(
    store: Store, project: str, attributes: dict[str, otlp.Value], stage: str
) -> None:
    """Our own word, else the operation's, else the kind's, else what the attributes show."""
    assert stored.read_back(store, project, attributes)["stage"] == stage


@pytest.mark.parametrize(
    ("attributes", "resource", "expected"),
    [
        ({"groundspan.project": "mine"}, {"groundspan.project": "theirs"}, "mine"),
        ({}, {"groundspan.project": "theirs"}, "theirs"),
        ({}, {"openinference.project.name": "phoenix"}, "phoenix"),
        ({}, {"service.name": "app"}, "default"),
    ],
)
def test_project_is_the_spans_own_when_the_sender_is_not_confined(
    store: Store, attributes: dict[str, otlp.Value], resource: dict[str, otlp.Value], expected: str
) -> None:
    """The span's word, else its resource's, else default."""
    span = otlp.span(attributes)
    stored.insert(store, "", span, resource=resource)

    found = store.rows("SELECT project FROM spans_once WHERE span_id = {id:String}", {"id": span.span_id.hex()})

    assert found == [{"project": expected}]


def test_dimensions_come_from_the_resource_when_the_span_has_none(store: Store, project: str) -> None:
    """Service, version and environment are said once per process, and may be overruled on a span."""
    resource: dict[str, otlp.Value] = {
        "service.name": "qa",
        "service.version": "1.2",
        "deployment.environment": "prod",
    }
    stored.insert(store, project, otlp.span({}, name="a"), resource=resource)
    stored.insert(
        store,
        project,
        otlp.span({"service.version": "2", "deployment.environment.name": "test"}, name="b"),
        resource=resource,
    )

    rows: list[dict[str, Any]] = stored.spans(store, project, "service, version, environment")

    assert rows == [
        {"service": "qa", "version": "1.2", "environment": "prod"},
        {"service": "qa", "version": "2", "environment": "test"},
    ]


def test_segments_are_the_attributes_behind_their_prefix(store: Store, project: str) -> None:
    """gs.context(region="eu") is a dimension like any other; its value is text."""
    row = stored.read_back(
        store, project, {"groundspan.segment.region": "eu", "groundspan.segment.tier": 2, "groundspan.stage": "tool"}
    )

    assert row["segments"] == {"region": "eu", "tier": "2"}

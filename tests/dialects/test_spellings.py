"""Calls as dialects spell them that no golden request shows: older versions, events, buckets."""

import json
from decimal import Decimal
from typing import Any

import otlp
import pytest
import stored
from groundspan_collector.store import Store
from opentelemetry.proto.trace.v1.trace_pb2 import Span

QUESTION, ANSWER = "Who wrote it?", "Ada wrote it."
MESSAGES = json.dumps([{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}])
CALL = {
    "stage": "generate",
    "model": "gpt-4o-2024-08-06",
    "input_tokens": 120,
    "output_tokens": 30,
    "cache_read_tokens": 20,
    "query": QUESTION,
    "output": ANSWER,
}
USED: dict[str, otlp.Value] = {
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.output_tokens": 30,
    "gen_ai.usage.cache_read_input_tokens": 20,
}
OPENLLMETRY: dict[str, otlp.Value] = {
    "llm.request.type": "chat",
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "Be brief.",
    **{f"gen_ai.prompt.{n}.role": "user" for n in range(1, 12)},
    **{f"gen_ai.prompt.{n}.content": f"turn {n}" for n in range(1, 11)},
    "gen_ai.prompt.11.content": json.dumps([{"type": "text", "text": QUESTION}]),
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": ANSWER,
}
LANGFUSE: dict[str, otlp.Value] = {
    "langfuse.observation.type": "generation",
    "langfuse.observation.model.name": "gpt-4o-2024-08-06",
    "langfuse.observation.input": MESSAGES,
    "langfuse.observation.output": json.dumps({"role": "assistant", "content": ANSWER}),
    "langfuse.observation.usage_details": json.dumps({"input": 100, "output": 30, "input_cached_tokens": 20}),
}
VERCEL: dict[str, otlp.Value] = {
    "ai.operationId": "ai.generateText.doGenerate",
    "ai.model.provider": "openai.chat",
    "ai.model.id": "gpt-4o",
    "ai.response.model": "gpt-4o-2024-08-06",
    "ai.usage.promptTokens": 120,
    "ai.usage.completionTokens": 30,
    "ai.usage.cachedInputTokens": 20,
    "ai.prompt.messages": json.dumps([{"role": "user", "content": [{"type": "text", "text": QUESTION}]}]),
    "ai.response.text": ANSWER,
}
LOGFIRE_EVENTS = [
    {"event.name": "gen_ai.user.message", "role": "user", "content": QUESTION},
    {"event.name": "gen_ai.choice", "index": 0, "message": {"role": "assistant", "content": ANSWER}},
]
LOGFIRE_REQUEST: dict[str, otlp.Value] = {
    "logfire.msg": "Chat Completion",
    "request_data": json.dumps({"messages": json.loads(MESSAGES), "model": "gpt-4o"}),
    "response_data": json.dumps({"message": {"role": "assistant", "content": ANSWER}, "usage": None}),
}


@pytest.mark.parametrize(
    ("dialect", "attributes"),
    [
        ("openllmetry", USED | OPENLLMETRY),
        ("langfuse", LANGFUSE),
        ("vercel", VERCEL),
        ("logfire", USED | {"logfire.msg": "chat gpt-4o", "events": json.dumps(LOGFIRE_EVENTS)}),
        ("logfire", USED | LOGFIRE_REQUEST),
        ("gen_ai", USED | {"gen_ai.prompt": MESSAGES, "gen_ai.completion": json.dumps([{"content": ANSWER}])}),
    ],
)
def test_row_is_the_same_when_a_call_is_spelled_the_old_way(
    store: Store, project: str, dialect: str, attributes: dict[str, otlp.Value]
) -> None:
    """Emitters are upgraded one by one; the reports go on."""
    row = stored.read_back(store, project, attributes)

    assert {name: row[name] for name in CALL} == CALL
    assert row["dialect"] == dialect


def _with_events(attributes: otlp.Attributes, *events: tuple[str, otlp.Attributes]) -> Span:
    span = otlp.span(attributes)
    for name, values in events:
        span.events.add(name=name, time_unix_nano=otlp.NOON_NS).attributes.extend(otlp.key_values(values))
    return span


@pytest.mark.parametrize(
    "events",
    [
        [
            ("gen_ai.content.prompt", {"gen_ai.prompt": MESSAGES}),
            (
                "gen_ai.content.completion",
                {"gen_ai.completion": json.dumps([{"role": "assistant", "content": ANSWER}])},
            ),
        ],
        [
            ("gen_ai.system.message", {"content": "Be brief."}),
            ("gen_ai.user.message", {"content": "Hello."}),
            ("gen_ai.user.message", {"content": QUESTION}),
            ("gen_ai.choice", {"message": json.dumps([{"text": ANSWER}]), "finish_reason": "end_turn"}),
        ],
        [
            ("gen_ai.user.message", {"gen_ai.event.content": json.dumps({"role": "user", "content": QUESTION})}),
            ("gen_ai.choice", {"gen_ai.event.content": json.dumps({"message": {"content": ANSWER}, "index": 0})}),
        ],
    ],
    ids=["content events", "message events", "content in one attribute"],
)
def test_messages_are_read_from_span_events_when_they_are_there(
    store: Store, project: str, events: list[tuple[str, otlp.Attributes]]
) -> None:
    """v1.36 and before put contents in events; of several user messages the last one asks."""
    stored.insert(store, project, _with_events({"gen_ai.operation.name": "chat"} | USED, *events))

    (row,) = stored.spans(store, project)
    assert {name: row[name] for name in CALL} == CALL


@pytest.mark.parametrize(
    ("event", "attributes"),
    [
        ("db.query.result", {"db.query.result.document": "text", "db.query.result.score": 0.5}),
        ("db.search.result", {"db.search.result.entity": "text", "db.search.result.score": 0.5}),
    ],
)
def test_chunks_are_read_from_events_when_a_vector_store_was_asked(
    store: Store, project: str, event: str, attributes: dict[str, otlp.Value]
) -> None:
    """OpenLLMetry writes an event for each thing found."""
    results = [(event, {f"{event}.id": f"d{n}"} | attributes) for n in range(2)]
    query: dict[str, otlp.Value] = {"db.system": "chroma", "db.operation": "query", "db.vector.query.top_k": 2}
    stored.insert(store, project, _with_events(query, *results))

    (row,) = stored.spans(store, project)
    assert (row["stage"], row["dialect"], row["top_k"]) == ("retrieve", "openllmetry", 2)
    assert stored.chunks(store, project, row) == [("d0", 0.5, "text", ""), ("d1", 0.5, "text", "")]


def test_writing_to_a_vector_store_is_no_retrieval(store: Store, project: str) -> None:
    """An index is filled without anybody asking."""
    row = stored.read_back(store, project, {"db.system": "chroma", "db.operation": "add"})

    assert row["stage"] == "other"


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"input": 100, "output": 20, "input_cached_tokens": 20, "output_reasoning_tokens": 10}, (120, 30, 20, True)),
        ({"input": 100, "output": 30}, (100, 30, None, False)),
        (
            {"prompt_tokens": 100, "completion_tokens": 30, "prompt_tokens_details": {"cached_tokens": 20}},
            (100, 30, 20, False),
        ),
        ({"input_tokens": 5, "output_tokens": 30, "cache_read_input_tokens": 95}, (100, 30, 95, True)),
    ],
    ids=["buckets", "nothing cached", "as OpenAI counts", "as Anthropic counts"],
)
def test_langfuse_usage_includes_the_cache_when_its_buckets_do_not(
    store: Store, project: str, usage: dict[str, Any], counts: tuple[int, int, int | None, bool]
) -> None:
    """input and output are what is left beside the buckets; a whole that holds its parts is left alone."""
    row = stored.read_back(store, project, {"langfuse.observation.usage_details": json.dumps(usage)})

    names = ("input_tokens", "output_tokens", "cache_read_tokens", "tokens_normalized")
    assert tuple(row[name] for name in names) == counts


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        ({"ai.response.providerMetadata": {"openai": {"cachedPromptTokens": 20, "reasoningTokens": 5}}}, (100, 20, 5)),
        ({"ai.model.provider": "deepseek", "ai.response.providerMetadata": {"deepseek": {"promptCacheHitTokens": 20}}},
         (100, 20, None)),
        ({"ai.model.provider": "anthropic.messages",
          "ai.response.providerMetadata": {"anthropic": {"cacheCreationInputTokens": 0, "cacheReadInputTokens": 20}}},
         (120, 20, None)),
        ({"ai.model.provider": "amazon-bedrock",
          "ai.response.providerMetadata": {"bedrock": {"usage": {"cacheReadInputTokens": 20}}}}, (120, 20, None)),
        ({"ai.model.provider": "anthropic.messages", "ai.usage.cachedInputTokens": 20}, (120, 20, None)),
        ({"ai.model.provider": "anthropic.messages", "ai.usage.cachedInputTokens": 20,
          "ai.usage.inputTokenDetails.noCacheTokens": 80}, (100, 20, None)),
        ({"ai.usage.cachedInputTokens": 10, "ai.response.providerMetadata": {"openai": {"cachedPromptTokens": 20}}},
         (100, 10, None)),
    ],
    ids=["OpenAI", "DeepSeek", "Anthropic", "Bedrock", "Anthropic by 5", "Anthropic by 6", "both"],
)  # fmt: skip
def test_cached_tokens_of_the_ai_sdk_are_among_the_input_when_its_version_told_them_elsewhere(
    store: Store, project: str, told: dict[str, Any], counts: tuple[int, int, int | None]
) -> None:
    """Version 4 left them to the provider's own words; up to 5 what Anthropic does not count is not in the input."""
    call: dict[str, otlp.Value] = {
        "ai.operationId": "ai.generateText.doGenerate", "ai.model.provider": "openai.chat", "ai.usage.promptTokens": 100
    }  # fmt: skip
    call |= {key: json.dumps(value) if isinstance(value, dict) else value for key, value in told.items()}

    row = stored.read_back(store, project, call)

    assert tuple(row[name] for name in ("input_tokens", "cache_read_tokens", "reasoning_tokens")) == counts


def test_cost_of_the_emitter_is_the_sum_of_its_parts_when_it_gives_no_total(store: Store, project: str) -> None:
    """Langfuse adds up on its server."""
    rows = stored.rows_of(
        store,
        project,
        {"langfuse.observation.cost_details": json.dumps({"input": 0.001, "output": 2e-3})},
        {"langfuse.observation.cost_details": json.dumps({"input": 0.001, "total": 0.5})},
        {"operation.cost": 0.25},
    )

    assert [row["emitted_cost_usd"] for row in rows] == [Decimal("0.003"), Decimal("0.5"), Decimal("0.25")]


def test_outer_span_of_the_ai_sdk_is_no_call(store: Store, project: str) -> None:
    """It repeats the usage of the call inside it, and gives the answer."""
    outer = VERCEL | {"ai.operationId": "ai.generateText", "ai.prompt": json.dumps({"prompt": QUESTION})}
    del outer["ai.prompt.messages"]

    row = stored.read_back(store, project, outer)

    assert (row["stage"], row["query"], row["output"], row["provider"]) == ("chain", QUESTION, ANSWER, "openai")


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.response.time_to_first_chunk": 0.25},
        {"ai.response.msToFirstChunk": 250.0},
        {"langfuse.observation.completion_start_time": '"2026-09-09T12:00:00.250000Z"'},
    ],
)
def test_first_token_has_one_unit_when_emitters_have_three(
    store: Store, project: str, attributes: dict[str, otlp.Value]
) -> None:
    """Seconds, milliseconds, a moment."""
    assert stored.read_back(store, project, attributes)["time_to_first_token_ns"] == 250_000_000


def test_dimensions_of_langfuse_and_openllmetry_are_read(store: Store, project: str) -> None:
    """Session, user, environment and version have other names."""
    rows = stored.rows_of(
        store,
        project,
        {"langfuse.release": "2", "langfuse.environment": "prod", "langfuse.session.id": "s", "langfuse.user.id": "u"},
        {
            "traceloop.entity.version": "2", "deployment.environment": "prod",
            "traceloop.association.properties.session_id": "s", "traceloop.association.properties.user_id": "u",
        },
    )  # fmt: skip

    names = ("version", "environment", "session", "user", "segments")
    assert [tuple(row[name] for name in names) for row in rows] == [("2", "prod", "s", "u", {})] * 2


@pytest.mark.parametrize(
    ("attributes", "segments"),
    [
        ({"groundspan.segment.tier": '"gold"', "groundspan.segment.a.b": "c"}, {"tier": '"gold"', "a.b": "c"}),
        ({"langfuse.trace.metadata.tier": '"gold"', "langfuse.trace.metadata.n": "1"}, {"tier": "gold", "n": "1"}),
        ({"traceloop.association.properties.tier": "gold"}, {"tier": "gold"}),
        ({"ai.telemetry.metadata.tier": "gold", "ai.telemetry.metadata.userId": "u"}, {"tier": "gold"}),
        ({"ai.settings.context.tier": "gold", "ai.settings.context.sessionId": "s"}, {"tier": "gold"}),
        ({"langfuse.observation.metadata.tier": "gold", "ai.telemetryXmetadata.tier": "gold"}, {}),
    ],
)
def test_metadata_of_a_request_are_segments_when_an_emitter_has_them(
    store: Store, project: str, attributes: dict[str, otlp.Value], segments: dict[str, str]
) -> None:
    """Reports group by them, whoever tells them."""
    assert stored.read_back(store, project, attributes)["segments"] == segments


@pytest.mark.parametrize(
    ("kind", "stage"), [("workflow", "pipeline"), ("task", "chain"), ("agent", "agent"), ("tool", "tool")]
)
def test_entity_of_openllmetry_has_its_question_and_answer(store: Store, project: str, kind: str, stage: str) -> None:
    """A decorated function's arguments and result are JSON."""
    attributes: dict[str, otlp.Value] = {
        "traceloop.span.kind": kind,
        "traceloop.entity.input": json.dumps({"args": [], "kwargs": {"question": QUESTION}}),
        "traceloop.entity.output": json.dumps(ANSWER),
    }

    row = stored.read_back(store, project, attributes)

    assert (row["stage"], row["query"], row["output"]) == (stage, QUESTION, ANSWER)


@pytest.mark.parametrize("broken", ["NaN", "-Infinity", "1e999", '"\\ud800"', '"\\ude00\\ud83d"'])
def test_messages_and_documents_are_read_when_their_json_is_not_quite_json(
    store: Store, project: str, broken: str
) -> None:
    """Python writes NaN, JavaScript half a character: one such value does not cost the whole answer."""
    row = stored.read_back(
        store,
        project,
        {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.input.messages": f'[{{"extra": {broken}, "role": "user", "content": "{QUESTION} \\ud83d\\ude00"}}]',
            "gen_ai.retrieval.documents": f'[{{"id": "a", "extra": {broken}, "content": "text"}}]',
        },
    )

    assert row["query"] == QUESTION + " 😀"
    assert stored.chunks(store, project, row) == [("a", None, "text", "")]


def test_text_is_kept_when_it_only_looks_like_json(store: Store, project: str) -> None:
    """Answers cite, and quote."""
    texts = ["[1] says so", '"Yes," and "no".', "{braces} are fine", "12"]

    rows = stored.rows_of(store, project, *({"output.value": text} for text in texts))

    assert [row["output"] for row in rows] == texts


@pytest.mark.parametrize(
    ("kind", "text", "output"),
    [
        ("CHAIN", "StopEvent(result=AgentOutput(response=None))", ""),
        ("AGENT", "<generator object>", ""),
        ("LLM", "Point(x=1) is how it is written.", "Point(x=1) is how it is written."),
        ("CHAIN", "See main(argv=None).", "See main(argv=None)."),
    ],
)
def test_result_is_no_answer_when_it_is_an_object_written_out(
    store: Store, project: str, kind: str, text: str, output: str
) -> None:
    """LlamaIndex's agents and streams give back objects; what a model says is a text."""
    row = stored.read_back(store, project, {"openinference.span.kind": kind, "output.value": text})

    assert row["output"] == output

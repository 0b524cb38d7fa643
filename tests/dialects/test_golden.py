"""What real instrumentation libraries send, recorded by `make compat`, becomes the same rows."""

import re

import golden_requests
import pytest
from genai_prices import Usage, calc_price
from golden_requests import CANONICAL, GOLDEN, MODEL_ASKED, PROGRAMS, RETRIEVING
from groundspan_collector.answers import answer_of
from groundspan_collector.gathering import trace_span
from groundspan_collector.store import Store
from model_api import ANSWER

QUESTION = "How long may I send things back?"
PASSAGES = ["Goods may be returned within 30 days.", "Shipping is free above 50 euros."]
CALL = dict(zip(CANONICAL, ("generate", "gpt-4o-2024-08-06", 1000, 100, 400, QUESTION, ANSWER), strict=True))
COST = calc_price(
    Usage(input_tokens=1000, output_tokens=100, cache_read_tokens=400), "gpt-4o-2024-08-06", provider_id="openai"
).total_price
EMBEDDING = ("langfuse_sdk", "openinference_openai", "openllmetry_openai", "vercel_ai", "vercel_ai_7")
STREAMING = (*EMBEDDING, "openinference_llama_index")
EMBEDDING_COST = calc_price(Usage(input_tokens=8), "text-embedding-3-small", provider_id="openai").total_price


def _call(program: str) -> dict[str, object]:
    """The row that *program*'s chat should become."""
    return CALL | {"model": "gpt-4o"} if program in MODEL_ASKED else CALL


def test_golden_requests_are_there() -> None:
    """An empty folder would pass every test below."""
    assert len(PROGRAMS) == 9


@pytest.mark.parametrize("program", PROGRAMS)
def test_row_is_the_same_when_a_real_library_traced_the_call(store: Store, project: str, program: str) -> None:
    """Model, tokens, question and answer of one chat do not depend on who told of it."""
    call = golden_requests.first_call(golden_requests.replay(store, project, program))

    assert {name: call[name] for name in CANONICAL} == _call(program)


@pytest.mark.parametrize("program", PROGRAMS)
def test_answer_has_its_passages_when_they_were_retrieved(store: Store, project: str, program: str) -> None:
    """The judge gets the same question, answer and chunks."""
    rows = golden_requests.replay(store, project, program)

    passages = PASSAGES if program in RETRIEVING else []
    assert golden_requests.first_answer(store, project, rows) == (QUESTION, ANSWER, passages)


@pytest.mark.parametrize("program", PROGRAMS)
def test_call_costs_the_same_once_whichever_library_told_of_it(store: Store, project: str, program: str) -> None:
    """The price is ours; wrappers around a call are not counted."""
    rows = golden_requests.replay(store, project, program)
    chats = [row for row in rows if row["stage"] == "generate" and row["input_tokens"] is not None]

    calls = golden_requests.priced_calls(store, project)

    costs = [call["cost_usd"] for call in calls if call["stage"] == "generate" and not call["unpriced_reason"]]
    assert costs == [COST] * len(chats)


@pytest.mark.parametrize("program", STREAMING)
def test_streamed_call_is_the_same_as_a_plain_one(store: Store, project: str, program: str) -> None:
    """And it tells when the first token came."""
    rows = golden_requests.replay(store, project, program)

    streamed = [row for row in rows if row["time_to_first_token_ns"] is not None]
    assert [{name: row[name] for name in CANONICAL} for row in streamed] == [_call(program)]


@pytest.mark.parametrize("program", [each for each in PROGRAMS if each != "util_genai"])
def test_finish_reason_is_the_word_of_the_provider_when_it_was_told(store: Store, project: str, program: str) -> None:
    """As a list, as a word, as a word in JSON (the Langfuse SDK, of a stream only)."""
    rows = golden_requests.replay(store, project, program)

    assert ["stop"] in [row["finish_reasons"] for row in rows if row["stage"] == "generate"]


@pytest.mark.parametrize("program", EMBEDDING)
def test_embedding_is_a_call_with_tokens_of_its_own(store: Store, project: str, program: str) -> None:
    """Embeddings are paid for, too."""
    rows = golden_requests.replay(store, project, program)

    embeddings = [(row["model"], row["input_tokens"]) for row in rows if row["stage"] == "embed"]
    assert ("text-embedding-3-small", 8) in embeddings


@pytest.mark.parametrize("program", [each for each in EMBEDDING if each != "langfuse_sdk"])
def test_embedding_is_paid_for_once_when_its_provider_is_known(store: Store, project: str, program: str) -> None:
    """The AI SDK's function embeds, too, but it is not the call; embedMany is a call of its own."""
    golden_requests.replay(store, project, program)

    costs = [call["cost_usd"] for call in golden_requests.priced_calls(store, project) if call["stage"] == "embed"]
    assert costs == [EMBEDDING_COST] * (2 if program.startswith("vercel_ai") else 1)


def test_embedding_without_tokens_is_one_call_when_llama_index_tells_of_two(store: Store, project: str) -> None:
    """A span around the call and one inside it: both name the model, neither says what was used."""
    golden_requests.replay(store, project, "openinference_llama_index")

    calls = [call for call in golden_requests.priced_calls(store, project) if call["stage"] == "embed"]
    assert [(call["model"], call["unpriced_reason"]) for call in calls] == [
        ("unknown", "no_usage"),
        ("text-embedding-3-small", "no_usage"),
    ]


def test_calls_of_an_agent_of_llama_index_are_those_that_were_made(store: Store, project: str) -> None:
    """It tells of a call that it is about to make as of one that it made."""
    rows = golden_requests.replay(store, project, "openinference_llama_index")
    agent = next(row for row in rows if row["name"] == "FunctionAgent.run")

    calls = [call for call in golden_requests.priced_calls(store, project) if call["trace_id"] == agent["trace_id"]]

    assert [(call["stage"], call["cost_usd"]) for call in calls] == [("generate", COST)] * 2


def test_answer_of_an_agent_of_llama_index_is_what_its_last_call_said(store: Store, project: str) -> None:
    """What it gives back itself is an object of Python, written out."""
    rows = golden_requests.replay(store, project, "openinference_llama_index")
    agent = next(row for row in rows if row["name"] == "FunctionAgent.run")

    answer = answer_of([trace_span(row) for row in rows if row["trace_id"] == agent["trace_id"]])

    assert answer
    assert (answer.root.span_id, answer.question, answer.text) == (agent["span_id"], QUESTION, ANSWER)


@pytest.mark.parametrize(
    ("program", "raised"),
    [
        ("openinference_llama_index", "NotFoundError"),
        ("openinference_openai", "NotFoundError"),
        ("openllmetry_openai", "NotFoundError"),
        ("vercel_ai", "AI_APICallError"),
        ("vercel_ai_7", "AI_APICallError"),
    ],
)
def test_failed_call_says_what_was_raised(store: Store, project: str, program: str, raised: str) -> None:
    """As an attribute, or in the event of the exception."""
    rows = golden_requests.replay(store, project, program)

    failed = [row for row in rows if row["status"] == "error" and row["stage"] == "generate"]
    assert [(row["error_type"].removeprefix("openai."), row["output"]) for row in failed] == [(raised, "")]


@pytest.mark.parametrize(
    "program",
    [
        "openinference_llama_index",
        "openinference_openai",
        "openllmetry_openai",
        "pydantic_ai_agent",
        "vercel_ai",
        "vercel_ai_7",
    ],
)
def test_call_that_asks_for_a_tool_says_nothing(store: Store, project: str, program: str) -> None:
    """Its answer comes later; there is nothing to judge yet."""
    rows = golden_requests.replay(store, project, program)

    asking = [row for row in rows if row["finish_reasons"] in (["tool_calls"], ["tool_call"], ["tool-calls"])]
    assert [row["output"] for row in asking] == [""]


@pytest.mark.parametrize(("program", "environment"), [("langfuse_sdk", "production"), ("vercel_ai", "")])
def test_dimensions_are_read_when_the_library_tells_them(
    store: Store, project: str, program: str, environment: str
) -> None:
    """Session, user, environment and metadata of every span of a trace."""
    call, *rows = golden_requests.replay(store, project, program)

    told = [
        (row["session"], row["user"], row["environment"], row["segments"])
        for row in (call, *rows)
        if row["trace_id"] == call["trace_id"]
    ]
    assert told == [("session-1", "user-1", environment, {"tier": "gold"})] * len(told)


def test_dimensions_are_those_of_the_agent_when_the_ai_sdk_7_tells_of_its_context(store: Store, project: str) -> None:
    """Its calls have none themselves."""
    rows = golden_requests.replay(store, project, "vercel_ai_7")

    agents = [(row["session"], row["user"], row["segments"]) for row in rows if row["stage"] == "agent"]
    assert agents == [("session-1", "user-1", {"tier": "gold"})] * 4


def test_step_of_the_ai_sdk_7_is_a_chain(store: Store, project: str) -> None:
    """A call and the tools that it asks for."""
    rows = golden_requests.replay(store, project, "vercel_ai_7")

    assert {row["stage"] for row in rows if row["operation"] == "agent_step"} == {"chain"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_golden_request_tells_nothing_of_the_machine_it_was_recorded_on(program: str) -> None:
    """No address, no path, no process."""
    body = (GOLDEN / f"{program}.otlp").read_bytes()

    assert not re.search(rb"127\.0\.0\.1|localhost|/(?:home|root)/|site-packages|process\.pid|host\.name", body)

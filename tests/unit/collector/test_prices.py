"""A call's cost: what genai-prices says for its own moment, or NULL and a reason."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import genai_prices
import otlp
import pytest
import stored
from genai_prices.data_snapshot import get_snapshot
from groundspan_collector import prices
from groundspan_collector.pricing import Pricer
from groundspan_collector.store import Store

TINY_USD = Decimal("1e-12")
MODELS = [
    ("openai", "gpt-4o-mini"),
    ("openai", "o3"),
    ("openai", "o3-mini"),
    ("openai", "gpt-4o-mini-2024-07-18"),
    ("openai", "text-embedding-3-small"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-3-5-haiku-latest"),
    ("google", "gemini-2.5-pro"),
    ("google", "gemini-2.5-flash"),
    ("deepseek", "deepseek-chat"),
    ("deepseek", "deepseek-reasoner"),
    ("mistral", "mistral-large-latest"),
    ("aws", "anthropic.claude-3-5-sonnet-20241022-v2:0"),
    ("azure", "gpt-4o"),
    ("x-ai", "grok-4"),
    ("groq", "llama-3.3-70b-versatile"),
]


@dataclass(frozen=True, slots=True)
class Call:
    """A model call as it is generated for these tests."""

    provider: str
    model: str
    start: datetime
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def attributes(self) -> dict[str, otlp.Value]:
        """As a span carries it."""
        return {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": self.provider,
            "gen_ai.request.model": self.model,
            "gen_ai.usage.input_tokens": self.input_tokens,
            "gen_ai.usage.output_tokens": self.output_tokens,
            "gen_ai.usage.cache_read.input_tokens": self.cache_read_tokens,
            "gen_ai.usage.cache_write.input_tokens": self.cache_write_tokens,
            "gen_ai.usage.reasoning.output_tokens": self.reasoning_tokens,
        }

    def cost_usd(self) -> Decimal:
        """What genai-prices says."""
        usage = genai_prices.Usage(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cache_read_tokens=self.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens,
            output_reasoning_tokens=self.reasoning_tokens,
        )
        return genai_prices.calc_price(
            usage, self.model, provider_id=self.provider, genai_request_timestamp=self.start
        ).total_price


def _random_calls(count: int) -> Iterator[Call]:
    rnd = random.Random(4)
    for _ in range(count):
        provider, model = rnd.choice(MODELS)
        read, written, fresh, said, thought = (rnd.choice([0, 1, rnd.randrange(250_000)]) for _ in range(5))
        start = datetime.fromtimestamp(rnd.randrange(1_704_067_200, 1_790_000_000), UTC)
        yield Call(provider, model, start, read + written + fresh, said + thought, read, written, thought)


def _call(provider: str, model: str, start: str, input_tokens: int = 1000, output_tokens: int = 100) -> Call:
    return Call(provider, model, datetime.fromisoformat(start), input_tokens, output_tokens)


BORDERS = [
    _call("openai", "o3", "2025-06-09T23:59:59.999999+00:00"),
    _call("openai", "o3", "2025-06-10T00:00:00+00:00"),
    *(_call("google", "gemini-2.5-pro", "2026-01-01T00:00:00+00:00", tokens) for tokens in (199_999, 200_000, 200_001)),
    *(
        _call("deepseek", "deepseek-chat", f"{day}T{time}+00:00")
        for day in ("2025-03-01", "2025-10-01", "2026-06-01")
        for time in ("00:29:59.999999", "00:30:00", "12:00:00", "16:29:59.999999", "16:30:00", "23:59:59.999999")
    ),
]


def _start_ns(call: Call) -> int:
    return int(call.start.timestamp()) * otlp.SECOND + call.start.microsecond * 1000


def _now() -> datetime:
    return datetime.now(UTC)


def _model_calls(store: Store, project: str) -> list[dict[str, Any]]:
    """What is paid for in *project*, by the span's name."""
    names = {row["span_id"]: row["name"] for row in stored.spans(store, project, "span_id, name")}
    rows = store.rows(
        "SELECT * FROM model_calls(project = {project:String}, suspects = true, since = {since:DateTime64(9)}, "
        "until = {until:DateTime64(9)})",
        {"project": project, "since": datetime(1970, 1, 1, tzinfo=UTC), "until": datetime(2262, 1, 1, tzinfo=UTC)},
    )
    return sorted(rows, key=lambda row: names[str(row["span_id"])])


def _priced(store: Store, project: str, calls: Sequence[Call]) -> list[dict[str, Any]]:
    """The rows of model_calls that *calls* become, in their order."""
    spans = [otlp.span(call.attributes, name=f"{n:06}", start_ns=_start_ns(call)) for n, call in enumerate(calls)]
    stored.insert(store, project, *spans)
    Pricer(store, _now, settled=_now).price_new_pairs()
    return _model_calls(store, project)


def test_cost_is_what_genai_prices_says_for_the_calls_own_moment(store: Store, project: str) -> None:
    """Any of many models, before and after price changes, around thresholds and hours, with every kind of token."""
    calls = [*BORDERS, *_random_calls(300)]

    rows = _priced(store, project, calls)

    wrong = [
        (call, row["cost_usd"], call.cost_usd())
        for call, row in zip(calls, rows, strict=True)
        if row["cost_usd"] is None or abs(row["cost_usd"] - call.cost_usd()) > TINY_USD
    ]
    assert wrong == []
    assert {row["unpriced_reason"] for row in rows} == {""}


def test_cost_changes_with_the_price_list(store: Store, project: str) -> None:
    """The figures of the price list itself, so that the test does not only compare the library with itself."""
    before, after = _priced(store, project, [BORDERS[0], BORDERS[1]])

    assert (before["cost_usd"], after["cost_usd"]) == (Decimal("0.014"), Decimal("0.0028"))
    assert after["price_source"] == f"genai-prices {genai_prices.__version__}"
    assert after["priced_as"] == "openai/o3"


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"gen_ai.provider.name": "ollama", "gen_ai.request.model": "llama3"}, "unknown_provider"),
        ({"gen_ai.provider.name": "openai", "gen_ai.request.model": "no-such-model"}, "unknown_model"),
        ({"gen_ai.provider.name": "openai"}, "no_model"),
        ({"gen_ai.request.model": "no such model"}, "unknown_provider"),
    ],
)
def test_cost_is_null_with_a_reason_when_the_price_is_unknown(
    store: Store, project: str, attributes: dict[str, otlp.Value], reason: str
) -> None:
    """Unknown is not free."""
    call: dict[str, otlp.Value] = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 5}
    stored.insert(store, project, otlp.span(call | attributes))
    Pricer(store, _now, settled=_now).price_new_pairs()

    (row,) = _model_calls(store, project)

    assert (row["cost_usd"], row["unpriced_reason"]) == (None, reason)


def test_cost_is_null_with_a_reason_when_the_usage_is_unknown_or_contradicts_itself(store: Store, project: str) -> None:
    """A call without counts, one whose parts exceed the whole, one whose price is still to come."""
    known: dict[str, otlp.Value] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
    }
    reasoned = known | {"gen_ai.usage.output_tokens": 5, "gen_ai.usage.reasoning.output_tokens": 6}
    cached = known | {"gen_ai.usage.output_tokens": 5, "gen_ai.usage.cache_read.input_tokens": 6}
    stored.rows_of(store, project, known, reasoned, cached)
    Pricer(store, _now, settled=_now).price_new_pairs()
    stored.insert(
        store,
        project,
        otlp.span(known | {"gen_ai.request.model": f"new-{project}", "gen_ai.usage.input_tokens": 5}, name="z"),
    )

    rows = _model_calls(store, project)

    assert [row["unpriced_reason"] for row in rows] == [
        "no_usage",
        "inconsistent_usage",
        "inconsistent_usage",
        "price_pending",
    ]
    assert {row["cost_usd"] for row in rows} == {None}


def test_cost_is_never_negative(store: Store, project: str) -> None:
    """Counts at the limit of what is stored do not turn around; above it they are none."""
    call: dict[str, otlp.Value] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
    }
    counts = ["999999999999", "1000000000000", "18446744073709551615"]
    stored.rows_of(store, project, *(call | {"gen_ai.usage.input_tokens": count} for count in counts))
    Pricer(store, _now, settled=_now).price_new_pairs()

    costs = [row["cost_usd"] for row in _model_calls(store, project)]

    assert costs == [Decimal("2499999.9999975"), None, None]


@pytest.mark.parametrize(
    ("name", "model", "expected"),
    [
        ("azure.ai.openai", "gpt-4o", "azure/"),
        ("az.ai.inference", "gpt-4o", "azure/"),
        ("gcp.vertex_ai", "gemini-2.5-pro", "google/"),
        ("gcp.gen_ai", "gemini-2.5-pro", "google/"),
        ("aws.bedrock", "anthropic.claude-3-5-sonnet-20241022-v2:0", "aws/"),
        ("x_ai", "grok-4", "x-ai/"),
        ("Mistral_AI", "mistral-large-latest", "mistral/"),
        ("", "gpt-4o", "openai/"),
    ],
)
def test_provider_is_found_by_the_names_that_spans_use(name: str, model: str, expected: str) -> None:
    """The conventions' names are not genai-prices' ids; a row keeps the span's own spelling."""
    rows = prices.price_rows(name, model)

    assert {row.priced_as.partition("/")[0] + "/" for row in rows} == {expected}
    assert {row.provider for row in rows} == {name}


def test_provider_map_leads_to_providers_that_exist() -> None:
    """A new snapshot may rename one."""
    known = {provider.id for provider in get_snapshot().providers}

    assert set(prices.PROVIDERS.values()) <= known
    assert known.isdisjoint(prices.PROVIDERS), "a name that genai-prices knows by now needs no entry"


def test_some_price_is_always_in_force_for_every_known_model() -> None:
    """A call may be older than the first dated price."""
    for provider in get_snapshot().providers:
        for model in provider.models:
            rows = list(prices._dated_rows(provider.id, model.id, 1, "", "", model))
            always = [row for row in rows if row.valid_from == prices.EPOCH and row.daily_from_s == row.daily_until_s]
            assert not rows or any(row.above_input_tokens == 0 for row in always), (provider.id, model.id)
            assert all(row.input_usd is not None and row.input_usd >= 0 for row in rows)


@pytest.mark.parametrize("model", ["", "\x00", "x" * 100_000, "(" * 50, "gpt-4o\n", "ü", "a/b:c@d", "🤖"])
@pytest.mark.parametrize("provider", ["", "openai", "\x00", "x" * 100_000, "ÄÖ"])
def test_any_pair_has_rows(provider: str, model: str) -> None:
    """A model is named by whoever sends spans; one odd name must not end the pricing of all."""
    rows = prices.price_rows(provider, model)

    assert rows
    assert all((row.unpriced_reason == "") == (row.input_usd is not None) for row in rows)

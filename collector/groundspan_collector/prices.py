"""(provider, model) -> dated prices a token, from genai-prices. Pure.

A price row says what holds from a day on, above a size of prompt, within hours of the day; which one a call is
charged by is decided by SQL (schema/012_model_calls.sql), so that repricing adds rows and rewrites no span.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Final

import genai_prices
from genai_prices.data_snapshot import DataSnapshot, get_snapshot
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MTOK: Final = Decimal(1_000_000)

PROVIDERS: Final = {
    "aws.bedrock": "aws",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "bedrock": "aws",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "gemini": "google",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "moonshot_ai": "moonshotai",
    "together_ai": "together",
    "vertex_ai": "google",
    "vertexai": "google",
    "x_ai": "x-ai",
    "xai": "x-ai",
}
"""gen_ai.provider.name and llm.provider -> genai-prices' id, where the two differ. genai-prices' own guess is not
used: it takes azure.ai.openai for openai."""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A row of `prices`: dollars a token, from a time on. None where there is no price; then a reason."""

    provider: str
    model: str
    version: int
    rank: int
    """Of the rows in force, the highest counts."""
    above_input_tokens: int
    """The prices hold for every token of a call with more input than this; 0 for any."""
    valid_from: datetime
    daily_from_s: int
    daily_until_s: int
    """Seconds of the day, UTC; the same number twice is all day."""
    input_usd: Decimal | None
    cache_read_usd: Decimal | None
    cache_write_usd: Decimal | None
    output_usd: Decimal | None
    reasoning_usd: Decimal | None
    request_usd: Decimal | None
    source: str
    priced_as: str
    unpriced_reason: str


def price_rows(provider: str, model: str, version: int = 1) -> list[PriceRow]:
    """All dated prices of *model* at *provider*, both as the span spells them.

    A model without a provider is looked up by its name alone. What is unknown gives one row with a reason:
    ``no_model``, ``unknown_provider``, ``unknown_model`` or ``no_token_price``.
    """
    source = f"genai-prices {genai_prices.__version__}"
    if not model:
        return [_unpriced(provider, model, version, source, "no_model")]
    snapshot = get_snapshot()
    known = _provider(snapshot, provider, model)
    if known is None:
        return [_unpriced(provider, model, version, source, "unknown_provider")]
    info = known.find_model(model, all_providers=snapshot.providers)
    if info is None:
        return [_unpriced(provider, model, version, source, "unknown_model")]
    rows = list(_dated_rows(provider, model, version, source, f"{known.id}/{info.id}", info))
    return rows or [_unpriced(provider, model, version, source, "no_token_price")]


def _provider(snapshot: DataSnapshot, name: str, model: str) -> Provider | None:
    if name:
        wanted = PROVIDERS.get(name.lower(), name.lower())
        return next((provider for provider in snapshot.providers if provider.id == wanted), None)
    try:
        return snapshot.find_provider(model.lower(), None, None)
    except LookupError:
        return None


def _dated_rows(
    provider: str, model: str, version: int, source: str, priced_as: str, info: ModelInfo
) -> Iterator[PriceRow]:
    for rank, conditional in enumerate(_ranked(info.prices)):
        valid_from, daily_from_s, daily_until_s = _when(conditional.constraint)
        if not _prices_tokens(conditional.prices):
            continue
        for above in _thresholds(conditional.prices):
            yield PriceRow(
                provider,
                model,
                version,
                rank,
                above,
                valid_from,
                daily_from_s,
                daily_until_s,
                *_token_prices(conditional.prices, above),
                source,
                priced_as,
                "",
            )


def _ranked(prices: ModelPrice | Sequence[ConditionalPrice]) -> list[ConditionalPrice]:
    """The conditional prices, the one to be preferred last; the first holds where no condition is met."""
    if isinstance(prices, ModelPrice):
        return [ConditionalPrice(prices=prices)]
    if not prices:
        return []
    return [ConditionalPrice(prices=prices[0].prices), *prices]


def _when(constraint: StartDateConstraint | TimeOfDateConstraint | None) -> tuple[datetime, int, int]:
    match constraint:
        case StartDateConstraint():
            return datetime.combine(constraint.start_date, time(), UTC), 0, 0
        case TimeOfDateConstraint():
            return EPOCH, _second_of_day(constraint.start_time), _second_of_day(constraint.end_time)
        case _:
            return EPOCH, 0, 0


def _second_of_day(moment: time) -> int:
    if moment.tzinfo is not None:
        moment = datetime.combine(EPOCH.date(), moment).astimezone(UTC).time()
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _prices_tokens(prices: ModelPrice) -> bool:
    return prices.input_mtok is not None or prices.output_mtok is not None


def _thresholds(prices: ModelPrice) -> list[int]:
    tiered = (value for value in vars(prices).values() if isinstance(value, TieredPrices))
    return sorted({0} | {tier.start for value in tiered for tier in value.tiers})


def _token_prices(prices: ModelPrice, above: int) -> tuple[Decimal, Decimal, Decimal, Decimal, Decimal, Decimal]:
    """Dollars a token of input, cached read, cache write, output, reasoning; and dollars a request.

    A kind of token without a price of its own costs what the kind costs that it is part of.
    """
    input_usd = _at(prices.input_mtok, above)
    output_usd = _at(prices.output_mtok, above)
    return (
        input_usd or Decimal(0),
        _first(_at(prices.cache_read_mtok, above), input_usd),
        _first(_at(prices.cache_write_mtok, above), input_usd),
        output_usd or Decimal(0),
        _first(_at(prices.output_reasoning_mtok, above), output_usd),
        (_at(prices.requests_kcount, above) or Decimal(0)) * 1000,
    )


def _at(price: Decimal | TieredPrices | None, above: int) -> Decimal | None:
    """Dollars a single token of a call with more than *above* tokens of input."""
    if isinstance(price, TieredPrices):
        price = next((tier.price for tier in reversed(price.tiers) if above >= tier.start), price.base)
    return None if price is None else price / MTOK


def _first(price: Decimal | None, otherwise: Decimal | None) -> Decimal:
    return next((value for value in (price, otherwise) if value is not None), Decimal(0))


def _unpriced(provider: str, model: str, version: int, source: str, reason: str) -> PriceRow:
    nothing = (None,) * 6
    return PriceRow(provider, model, version, 0, 0, EPOCH, 0, 0, *nothing, source, "", reason)

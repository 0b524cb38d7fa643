"""What can be asked of the store: the reports, their columns, and what each can be grouped by. Pure.

Nothing that a caller writes becomes SQL: a dimension is looked up here, a segment's name is a bound parameter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from groundspan_collector.errors import NotFound, RejectedData
from groundspan_collector.parameters import choices

SEGMENT: Final = "segment."
MOST_DIMENSIONS: Final = 8

_DAY = "formatDateTime(root_start, '%Y-%m-%d')"
_HOUR = "formatDateTime(root_start, '%Y-%m-%dT%H:00:00Z')"
_TIMES: Final = {"day": _DAY, "hour": _HOUR}
_OF_REQUESTS: Final = {
    name: name for name in ("project", "service", "version", "environment", "provider", "model", "session", "user")
} | _TIMES
_OF_SPANS: Final = {"stage": "stage"} | _OF_REQUESTS
# These tell the spans of one request apart; the others tell requests apart.
_WITHIN_REQUESTS: Final = frozenset({"stage", "provider", "model"})


@dataclass(frozen=True, slots=True)
class Question:
    """One report: what it is grouped by if nothing is said, its columns, and the SQL of each dimension."""

    name: str
    default_by: tuple[str, ...]
    columns: tuple[str, ...]
    dimensions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Grouping:
    """The SQL of some dimensions, which appear in the result as by_0, by_1, …"""

    columns: str
    names: str
    times: str
    """Those that are times, each with a comma: what is reported over time is read in its order."""
    scope: str
    """Those that tell requests apart, as one tuple."""
    parameters: Mapping[str, str]


QUESTIONS: Final = {
    question.name: question
    for question in (
        Question(
            "cost",
            ("provider", "model"),
            (
                "calls", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens",
                "reasoning_tokens", "cost_usd", "evaluation_cost_usd", "unpriced_calls",
            ),
            _OF_SPANS,
        ),
        Question(
            "hallucination",
            ("version",),
            (
                "answers", "judged", "no_context", "abstained", "no_claims", "unjudged",
                "judged_claims", "ungrounded_claims", "contradicted_claims", "unsupported_claims", "unjudged_claims",
                "ungrounded_claim_rate", "ungrounded_claim_rate_low", "ungrounded_claim_rate_high",
                "ungrounded_answers",
                "ungrounded_answer_rate", "ungrounded_answer_rate_low", "ungrounded_answer_rate_high",
                "corrected_answer_rate", "corrected_answer_rate_low", "corrected_answer_rate_high",
                "labels", "corrected_by",
            ),
            _OF_REQUESTS,
        ),
        Question(
            "causes",
            ("version",),
            (
                "judged", "ungrounded_claims", "not_retrieved", "dropped", "ignored", "contradicted",
                "should_have_abstained", "unknown",
            ),
            _OF_REQUESTS,
        ),
        Question(
            "judges",
            ("project",),
            (
                "first_judge", "second_judge", "answers",
                "both_ungrounded", "only_first", "only_second", "both_grounded",
                "agreement_rate", "kappa", "first_answer_rate", "second_answer_rate",
                "difference_rate", "difference_rate_low", "difference_rate_high",
                "first_claim_rate", "second_claim_rate",
            ),
            _OF_REQUESTS,
        ),
        Question(
            "retrieval",
            ("version",),
            (
                "requests", "empty_results", "mean_chunks",
                "hit_rate", "hit_rate_low", "hit_rate_high", "hit_rate_n",
                "proxy_hit_rate", "proxy_hit_rate_low", "proxy_hit_rate_high", "proxy_hit_rate_n",
            ),
            _OF_REQUESTS,
        ),
        Question(
            "latency",
            ("stage",),
            ("spans", "errors", "p50_ms", "p95_ms", "p99_ms", "share"),
            _OF_SPANS,
        ),
    )
}  # fmt: skip


def question(name: str) -> Question:
    """The report called *name*. Raises NotFound, which names those that exist."""
    if name not in QUESTIONS:
        raise NotFound(f"there is no report {name!r}; {choices(name, QUESTIONS)}")
    return QUESTIONS[name]


def dimensions(asked: Question, by: str) -> tuple[str, ...]:
    """The dimensions that *by* lists, or the report's own where it is empty. Raises RejectedData."""
    names = tuple(dict.fromkeys(name.strip() for name in by.split(",") if name.strip())) or asked.default_by
    if len(names) > MOST_DIMENSIONS:
        raise RejectedData(f"by takes at most {MOST_DIMENSIONS} dimensions, got {len(names)}")
    for name in names:
        is_segment = name.startswith(SEGMENT) and name != SEGMENT
        if name not in asked.dimensions and not is_segment:
            known = [*asked.dimensions, f"{SEGMENT}NAME"]
            raise RejectedData(f"the {asked.name} report has no dimension {name!r}; {choices(name, known)}")
    return names


def grouping(asked: Question, names: Sequence[str]) -> Grouping:
    """The SQL that groups *asked* by *names*, which must have passed `dimensions`."""
    expressions: list[str] = []
    parameters: dict[str, str] = {}
    for position, name in enumerate(names):
        if name in asked.dimensions:
            expressions.append(asked.dimensions[name])
        else:
            parameters[f"segment_{position}"] = name.removeprefix(SEGMENT)
            expressions.append(f"segments[{{segment_{position}:String}}]")
    aliases = [f"by_{position}" for position in range(len(names))]
    named = list(zip(names, aliases, strict=True))
    return Grouping(
        columns=", ".join(f"{sql} AS {alias}" for sql, alias in zip(expressions, aliases, strict=True)),
        names=", ".join(aliases),
        times="".join(f"{alias}, " for name, alias in named if name in _TIMES),
        scope=", ".join(["tuple(0", *(alias for name, alias in named if name not in _WITHIN_REQUESTS)]) + ")",
        parameters=parameters,
    )

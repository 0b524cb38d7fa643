"""Intervals as SQL computes them, against an independent computation."""

from datetime import timedelta
from math import sqrt
from uuid import uuid4

import pytest
import rows
from groundspan_collector import report
from groundspan_collector.store import Store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rows import NOON, Trace

ANSWER = st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
Z = 1.959963984540054
ANSWERS = st.lists(ANSWER, min_size=1, max_size=30)
# A store outlives an example: each has a project of its own.
RUN = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def asked(store: Store, name: str, *traces: Trace) -> dict[str, float]:
    """The only row of a report about *traces*; of its cells, the numbers."""
    rows.insert(store, *traces)
    question = report.ask(name, since="", until="", by="project", k="", now=NOON + timedelta(hours=1))
    (row,) = report.run(store, question, project=traces[0].project).rows
    return {column: cell for column, cell in row.items() if isinstance(cell, (int, float))}


def hallucination(store: Store, answers: list[tuple[int, int]]) -> dict[str, float]:
    """The report about *answers*: (claims, ungrounded claims) of each."""
    project = uuid4().hex
    return asked(
        store,
        "hallucination",
        *(
            Trace(project, f"{i:032x}").answer(supported_claims=n - bad, unsupported_claims=bad, ungrounded=bad > 0)
            for i, (n, bad) in enumerate(answers)
        ),
    )


def bounds(row: dict[str, float], rate: str) -> tuple[float, float]:
    """The interval of *rate*."""
    return row[f"{rate}_low"], row[f"{rate}_high"]


def width(row: dict[str, float], rate: str) -> float:
    """How wide it is."""
    low, high = bounds(row, rate)
    return high - low


def wilson(hits: float, n: float) -> tuple[float, float]:
    """Wilson's interval of *hits* in *n*: the rates that are 1.96 of their own standard errors away."""
    z2, rate = Z * Z, hits / n
    middle, half = 2 * n * rate + z2, Z * sqrt(z2 + 4 * n * rate * (1 - rate))
    return max((middle - half) / (2 * (n + z2)), 0.0), min((middle + half) / (2 * (n + z2)), 1.0)


def bounds_of_claims(answers: list[tuple[int, int]]) -> tuple[float, float]:
    """The interval of the claim rate, from its definition in docs/reports.md."""
    claims = sum(n for n, _ in answers)
    rate = sum(bad for _, bad in answers) / claims
    worst = sum(n * n for n, _ in answers) / claims
    seen = worst
    if len(answers) > 1 and 0 < rate < 1:
        between = sum((bad - rate * n) ** 2 for n, bad in answers) * len(answers) / (len(answers) - 1)
        seen = between / (claims * rate * (1 - rate))
    rarer = min(sum(bad > 0 for _, bad in answers), sum(bad < n for n, bad in answers))
    n = claims / max(1.0, (rarer * seen + worst) / (rarer + 1))
    return wilson(rate * n, n)


@RUN
@given(answers=ANSWERS)
def test_intervals_hold_their_rates(store: Store, answers: list[tuple[int, int]]) -> None:
    """Within [0, 1], around the estimate; answers as scipy's Wilson, claims as their definition."""
    row = hallucination(store, answers)

    for rate in ("ungrounded_claim_rate", "ungrounded_answer_rate"):
        assert 0 <= row[f"{rate}_low"] <= row[rate] <= row[f"{rate}_high"] <= 1
        assert row[f"{rate}_low"] < row[f"{rate}_high"]
    assert bounds(row, "ungrounded_answer_rate") == pytest.approx(wilson(row["ungrounded_answers"], len(answers)))
    assert bounds(row, "ungrounded_claim_rate") == pytest.approx(bounds_of_claims(answers))


@RUN
@given(answers=ANSWERS, times=st.integers(2, 4))
def test_more_of_the_same_narrows_the_interval(store: Store, answers: list[tuple[int, int]], times: int) -> None:
    """The same answers several times over: the same rates, known better."""
    once, often = hallucination(store, answers), hallucination(store, answers * times)

    for rate in ("ungrounded_claim_rate", "ungrounded_answer_rate"):
        assert abs(once[rate] - often[rate]) < 1e-12
        assert width(often, rate) < width(once, rate)


def test_claims_of_one_answer_are_not_independent(store: Store) -> None:
    """The same numbers of claims: wider where errors stand together than where they are spread."""
    together = hallucination(store, [(10, 10)] * 4 + [(10, 0)] * 16)
    spread = hallucination(store, [(10, 2)] * 20)

    assert together["ungrounded_claim_rate"] == spread["ungrounded_claim_rate"] == 0.2
    assert width(together, "ungrounded_claim_rate") > 2 * width(spread, "ungrounded_claim_rate")


def test_no_error_seen_is_not_certainty(store: Store) -> None:
    """With no ungrounded claim the interval is that of the answers, as if claims stood or fell together."""
    row = hallucination(store, [(10, 0)] * 50)

    assert bounds(row, "ungrounded_claim_rate") == pytest.approx(wilson(0, 50))


@RUN
@given(hits=st.lists(st.booleans(), min_size=1, max_size=30))
def test_hit_rates_have_wilson_intervals(store: Store, hits: list[bool]) -> None:
    """Exact and by proxy alike, each at its own n."""
    project = uuid4().hex
    traces = []
    for i, hit in enumerate(hits):
        trace = Trace(project, f"{i:032x}").answer(supported_claims=1)
        trace.span("a1", stage="retrieve", chunks=[rows.chunk(1, "x")], relevant_ids=["x" if hit else "y"])
        traces.append(trace.verdict(0, "supported", chunk_hash=1 if hit else 2))

    row = asked(store, "retrieval", *traces)

    for rate in ("hit_rate", "proxy_hit_rate"):
        assert row[f"{rate}_n"] == len(hits)
        assert abs(row[rate] - sum(hits) / len(hits)) < 1e-12
        assert bounds(row, rate) == pytest.approx(wilson(sum(hits), len(hits)))

"""Every column of every report, against numbers worked out by hand."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial

import otlp
import pytest
import rows
from groundspan_collector import records, report
from groundspan_collector.decode import logs
from groundspan_collector.report import Cell
from groundspan_collector.store import Store
from rows import NOON, Trace, chunk

Ask = Callable[..., list[Mapping[str, Cell]]]

USD_PER_INPUT, USD_PER_CACHED, USD_PER_OUTPUT = Decimal("0.000002"), Decimal("0.000001"), Decimal("0.00001")


@pytest.fixture
def ask(store: Store, project: str) -> Ask:
    """The rows of a report about the day of NOON, in the test's own project."""

    def asked(name: str, *, by: str = "", k: str = "", since: str = "24h") -> list[Mapping[str, Cell]]:
        question = report.ask(name, since=since, until="", by=by, k=k, now=NOON + timedelta(hours=12))
        return list(report.run(store, question, project=project).rows)

    return asked


@pytest.fixture
def prices(store: Store, project: str) -> str:
    """A model with prices; its name."""
    model = f"model-of-{project}"
    price = {
        "provider": "acme",
        "model": model,
        "input_usd": USD_PER_INPUT,
        "cache_read_usd": USD_PER_CACHED,
        "cache_write_usd": USD_PER_INPUT,
        "output_usd": USD_PER_OUTPUT,
        "reasoning_usd": USD_PER_OUTPUT,
        "request_usd": Decimal(0),
    }
    rows.insert_prices(store, [price])
    return model


def test_cost_sums_tokens_by_kind_and_prices_cached_ones_once(
    store: Store, project: str, ask: Ask, prices: str
) -> None:
    """Cached tokens are part of the input and cost their own price; reasoning is part of the output."""
    trace = Trace(project, "01" * 16).span("a1")
    call = partial(trace.span, parent="a1", stage="generate", provider="acme", model=prices, output_tokens=10)
    call("b1", input_tokens=100, reasoning_tokens=4)
    call("c1", input_tokens=50, cache_read_tokens=20)
    rows.insert(store, trace)

    assert ask("cost") == [
        {
            "provider": "acme",
            "model": prices,
            "calls": 2,
            "input_tokens": 150,
            "cache_read_tokens": 20,
            "cache_write_tokens": None,
            "output_tokens": 20,
            "reasoning_tokens": 4,
            "cost_usd": 130 * USD_PER_INPUT + 20 * USD_PER_CACHED + 20 * USD_PER_OUTPUT,
            "evaluation_cost_usd": None,
            "unpriced_calls": 0,
        }
    ]


def test_a_call_without_a_price_is_counted_and_costs_nothing_known(
    store: Store, project: str, ask: Ask, prices: str
) -> None:
    """An unknown model is NULL, not 0; beside priced calls it is counted, and adds nothing."""
    trace = Trace(project, "02" * 16).span("a1")
    call = partial(trace.span, parent="a1", stage="generate", provider="acme", input_tokens=10, output_tokens=0)
    call("b1", model="nobody-knows")
    call("c1", model=prices)
    rows.insert(store, trace)

    by_model = {row["model"]: (row["cost_usd"], row["unpriced_calls"]) for row in ask("cost", by="model")}
    (total,) = ask("cost", by="project")

    assert by_model == {prices: (10 * USD_PER_INPUT, 0), "nobody-knows": (None, 1)}
    assert (total["calls"], total["cost_usd"], total["unpriced_calls"]) == (2, 10 * USD_PER_INPUT, 1)


def test_hallucination_counts_every_answer_once(store: Store, project: str, ask: Ask) -> None:
    """Answers are the sum of their statuses; only judged ones have a rate; no_answer is no answer."""
    statuses = ("no_context", "abstained", "no_claims", "unjudged", "no_answer")
    traces = [Trace(project, f"{i:02x}" * 16).answer(status) for i, status in enumerate(statuses, start=16)]
    mixed = Trace(project, "0a" * 16).answer(
        ungrounded=True, supported_claims=3, contradicted_claims=1, unsupported_claims=1, unjudged_claims=2
    )
    rows.insert(store, *traces, mixed, Trace(project, "0b" * 16).answer(supported_claims=5))

    (row,) = ask("hallucination", by="project")

    bounds = {name for name in row if name.endswith(("_low", "_high"))}
    assert {name: row[name] for name in row if name not in bounds} == {
        "project": project,
        "answers": 6,
        "judged": 2,
        "no_context": 1,
        "abstained": 1,
        "no_claims": 1,
        "unjudged": 1,
        "judged_claims": 10,
        "ungrounded_claims": 2,
        "contradicted_claims": 1,
        "unsupported_claims": 1,
        "unjudged_claims": 2,
        "ungrounded_claim_rate": 0.2,
        "ungrounded_answers": 1,
        "ungrounded_answer_rate": 0.5,
        "corrected_answer_rate": None,
        "labels": 0,
        "corrected_by": "rates unknown",
    }
    # Wilson's interval of 1 of 2.
    assert row["ungrounded_answer_rate_low"] == pytest.approx(0.094531, abs=1e-6)
    assert row["ungrounded_answer_rate_high"] == pytest.approx(0.905469, abs=1e-6)


def test_the_newest_judgement_of_an_answer_counts(store: Store, project: str, ask: Ask) -> None:
    """An answer judged again, by the same judge or another, is one answer."""
    trace = Trace(project, "0c" * 16).answer(ungrounded=True, unsupported_claims=1)
    trace.answer(judged_after_s=2, judge="other", supported_claims=1)
    rows.insert(store, trace)

    (row,) = ask("hallucination")

    assert (row["answers"], row["ungrounded_answers"], row["judged_claims"]) == (1, 0, 1)


def test_rates_of_nothing_are_null(store: Store, project: str, ask: Ask) -> None:
    """Where nothing was judged there is no rate and no interval, rather than 0."""
    rows.insert(store, Trace(project, "0d" * 16).span("a1").span("b1", "a1", stage="retrieve").answer("no_context"))

    (hallucination,), (retrieval,) = ask("hallucination"), ask("retrieval")

    rates = {name: cell for row in (hallucination, retrieval) for name, cell in row.items() if "_rate" in name}
    counts = {name: rates.pop(name) for name in ("hit_rate_n", "proxy_hit_rate_n")}
    assert set(rates.values()) == {None}
    assert set(counts.values()) == {0}


def retrieval_requests(project: str) -> list[Trace]:
    """Four requests: found at rank 2, not found, not labelled, empty."""
    found, missed, unlabelled, empty = (Trace(project, f"{i:02x}" * 16).span("a1") for i in range(32, 36))
    found.span("b1", "a1", stage="retrieve", chunks=[chunk(1, "x"), chunk(2, "y")], relevant_ids=["y"])
    found.answer(supported_claims=1).verdict(0, "supported", chunk_hash=2)
    # The rerank came last, and lost the relevant chunk that the retrieve had found.
    missed.span("b1", "a1", stage="retrieve", chunks=[chunk(1, "x")], relevant_ids=["x"])
    missed.span("c1", "a1", stage="rerank", from_ms=1, chunks=[chunk(3, "z"), chunk(4, "w")])
    missed.answer(contradicted_claims=1, supported_claims=1)
    missed.verdict(0, "contradicted", chunk_hash=3).verdict(1, "supported", chunk_hash=1)
    unlabelled.span("b1", "a1", stage="retrieve", chunks=[chunk(5, "v"), chunk(6, "u")])
    unlabelled.answer(supported_claims=2).verdict(0, "unsupported").verdict(1, "supported", chunk_hash=5)
    empty.span("b1", "a1", stage="retrieve").answer("no_context")
    no_request = Trace(project, "2f" * 16).span("a1").answer(supported_claims=1)
    return [found, missed, unlabelled, empty, no_request]


def test_retrieval_hits_are_of_the_last_retrieval(store: Store, project: str, ask: Ask) -> None:
    """Exact hits over labelled requests, proxy hits over judged answers, each with its own n."""
    rows.insert(store, *retrieval_requests(project))

    (row,) = ask("retrieval", by="project")

    assert row == {
        "project": project,
        "requests": 4,
        "empty_results": 1,
        "mean_chunks": 1.5,
        "hit_rate": 0.5,
        "hit_rate_low": pytest.approx(0.094531, abs=1e-6),
        "hit_rate_high": pytest.approx(0.905469, abs=1e-6),
        "hit_rate_n": 2,
        "proxy_hit_rate": pytest.approx(2 / 3),
        "proxy_hit_rate_low": pytest.approx(0.207660, abs=1e-6),
        "proxy_hit_rate_high": pytest.approx(0.938508, abs=1e-6),
        "proxy_hit_rate_n": 3,
    }


def test_k_cuts_what_counts_as_retrieved(store: Store, project: str, ask: Ask) -> None:
    """At k = 1 the chunk at rank 2 is neither a hit nor a proxy hit."""
    rows.insert(store, *retrieval_requests(project))

    (first,), (second,) = ask("retrieval", k="1"), ask("retrieval", k="2")

    assert [first["hit_rate"], first["proxy_hit_rate"]] == pytest.approx([0, 1 / 3])
    assert [second["hit_rate"], second["proxy_hit_rate"]] == pytest.approx([1 / 2, 2 / 3])


@pytest.mark.parametrize(
    ("explanation", "labelled", "hit_rate"), [('["y"]', 1, 1), ('["x"]', 1, 0), ("not JSON", 0, None)]
)
def test_relevant_ids_may_come_after_the_request(
    store: Store, project: str, ask: Ask, explanation: str, labelled: int, hit_rate: int | None
) -> None:
    """As an evaluation of its trace."""
    trace = Trace(project, "32" * 16).span("a1")
    rows.insert(store, trace.span("b1", "a1", stage="retrieve", chunks=[chunk(1, "y")]))
    record = otlp.log(
        logs.EVALUATION,
        {"gen_ai.evaluation.name": "relevant_ids", "gen_ai.evaluation.explanation": explanation},
    )
    record.trace_id = bytes.fromhex("32" * 16)
    body = otlp.logs(record).SerializeToString()
    records.insert_logs(store, [body], 1, project=project, received_at_ns=otlp.NOON_NS)

    (row,) = ask("retrieval")

    assert (row["hit_rate_n"], row["hit_rate"]) == (labelled, hit_rate)


def test_relevant_ids_may_stand_on_the_pipeline(store: Store, project: str, ask: Ask) -> None:
    """What was said to be relevant to a request counts wherever it was said."""
    trace = Trace(project, "30" * 16).span("a1", relevant_ids=["y"])
    rows.insert(store, trace.span("b1", "a1", stage="retrieve", chunks=[chunk(1, "y")]))

    (row,) = ask("retrieval")

    assert (row["hit_rate"], row["hit_rate_n"]) == (1.0, 1)


def test_a_failed_retrieval_is_not_the_last(store: Store, project: str, ask: Ask) -> None:
    """A rerank that failed gave nothing: the application went on with what the retrieve had found."""
    trace = Trace(project, "31" * 16).span("a1", relevant_ids=["y"])
    trace.span("b1", "a1", stage="retrieve", chunks=[chunk(1, "y")])
    rows.insert(store, trace.span("c1", "a1", stage="rerank", from_ms=5, status="error"))

    (row,) = ask("retrieval")

    assert (row["hit_rate"], row["empty_results"]) == (1.0, 0)


def test_retrieval_is_grouped_by_what_the_request_says(store: Store, project: str, ask: Ask) -> None:
    """The model is the one that answered, also where the retrieval names its embedding model."""
    trace = Trace(project, "32" * 16).span("a1", version="v1", session="s")
    trace.span("b1", "a1", stage="retrieve", model="embedder", segments={"region": "eu"})
    rows.insert(store, trace.span("c1", "a1", stage="generate", model="writer", from_ms=2))

    (row,) = ask("retrieval", by="project,version,session,model,segment.region")

    assert [row[name] for name in ("project", "version", "session", "model", "segment.region")] == [
        project,
        "v1",
        "s",
        "writer",
        "eu",
    ]


def test_latency_shares_are_own_time(store: Store, project: str, ask: Ask) -> None:
    """Children that overlap count once, and only where they lie within their parent."""
    trace = Trace(project, "40" * 16).span("a1", for_ms=100)
    trace.span("b1", "a1", stage="retrieve", from_ms=10, for_ms=30).span(
        "c1", "a1", stage="retrieve", from_ms=20, for_ms=30, status="error"
    )
    rows.insert(store, trace.span("d1", "a1", stage="generate", from_ms=90, for_ms=20))

    by_stage = {row["stage"]: row for row in ask("latency")}

    # The root's children cover 10–50 and 90–100 of its 100 ms.
    assert by_stage["pipeline"] == {
        "stage": "pipeline",
        "spans": 1,
        "errors": 0,
        "p50_ms": 100.0,
        "p95_ms": 100.0,
        "p99_ms": 100.0,
        "share": pytest.approx(0.5),
    }
    assert (by_stage["retrieve"]["spans"], by_stage["retrieve"]["errors"]) == (2, 1)
    assert by_stage["retrieve"]["share"] == pytest.approx(0.6)
    assert by_stage["generate"]["share"] == pytest.approx(0.2)


def test_latency_quantiles_are_interpolated(store: Store, project: str, ask: Ask) -> None:
    """Of 0, 1, …, 100 ms, p50 is 50, p95 is 95 and p99 is 99."""
    rows.insert(store, *(Trace(project, f"{i:032x}").span("a1", for_ms=i) for i in range(101)))

    (row,) = ask("latency")

    assert (row["spans"], row["p50_ms"], row["p95_ms"], row["p99_ms"]) == (101, 50.0, 95.0, 99.0)


def test_shares_of_a_version_are_of_its_own_requests(store: Store, project: str, ask: Ask) -> None:
    """By version and stage, the shares of each version sum up to 1."""
    for i, (version, slow_ms) in enumerate((("v1", 20), ("v2", 300))):
        trace = Trace(project, f"{80 + i:02x}" * 16, dimensions={"version": version}).span("a1", for_ms=400)
        rows.insert(store, trace.span("b1", "a1", stage="retrieve", for_ms=slow_ms))

    shares = {(row["version"], row["stage"]): row["share"] for row in ask("latency", by="version,stage")}

    assert shares == pytest.approx(
        {
            ("v1", "pipeline"): 0.95,
            ("v1", "retrieve"): 0.05,
            ("v2", "pipeline"): 0.25,
            ("v2", "retrieve"): 0.75,
        }
    )


def test_a_trace_whose_root_is_missing_has_a_share_of_its_extent(store: Store, project: str, ask: Ask) -> None:
    """The root's sender may not be a client of ours: the whole is then what was received."""
    trace = Trace(project, "50" * 16).span("b1", "gone", stage="retrieve", for_ms=10)
    rows.insert(store, trace.span("c1", "gone", stage="generate", from_ms=10, for_ms=30))

    assert {row["stage"]: row["share"] for row in ask("latency")} == {"retrieve": 0.25, "generate": 0.75}


def test_what_was_sent_three_times_counts_once(store: Store, project: str, ask: Ask, prices: str) -> None:
    """Retries of the same request leave every report as it was."""
    trace = Trace(project, "60" * 16).span("a1", for_ms=10)
    trace.span("b1", "a1", stage="generate", provider="acme", model=prices, input_tokens=10, output_tokens=1)
    trace.span("c1", "a1", stage="retrieve", chunks=[chunk(1, "y")], relevant_ids=["y"])
    trace.answer(supported_claims=1).verdict(0, "supported", chunk_hash=1)
    names = ("cost", "hallucination", "retrieval", "latency")
    rows.insert(store, trace)
    once = [ask(name) for name in names]

    rows.insert(store, trace)
    rows.insert(store, trace)

    assert [ask(name) for name in names] == once
    assert once[0][0]["calls"] == once[1][0]["answers"] == once[2][0]["requests"] == 1


def test_a_request_belongs_to_the_window_its_root_started_in(store: Store, project: str, ask: Ask) -> None:
    """Half open; spans that run on into the next window stay with their root."""
    early = Trace(project, "70" * 16, at=NOON - timedelta(milliseconds=1)).span("a1", for_ms=5)
    on_time = Trace(project, "71" * 16).span("a1", for_ms=13 * 3600 * 1000)
    on_time.span("b1", "a1", stage="generate", from_ms=12.5 * 3600 * 1000, model="m").answer(supported_claims=1)
    rows.insert(store, early.answer(supported_claims=1), on_time)

    since_noon = {name: ask(name, by="hour", since="12h") for name in ("cost", "hallucination", "latency")}

    assert [row["calls"] for row in since_noon["cost"]] == [1]
    assert [row["answers"] for row in since_noon["hallucination"]] == [1]
    assert [(row["hour"], row["spans"]) for row in since_noon["latency"]] == [("2026-11-03T12:00:00Z", 2)]


def test_other_projects_are_not_read(store: Store, project: str, ask: Ask) -> None:
    """A token's project is all that its reports see; without one, all are seen."""
    rows.insert(store, Trace(project, "72" * 16).span("a1"), Trace(f"{project}-b", "72" * 16).span("a1"))

    question = report.ask("latency", since="24h", until="", by="project", k="", now=NOON + timedelta(hours=12))
    seen = {row["project"] for row in report.run(store, question, project="").rows}

    assert {row["project"] for row in ask("latency", by="project")} == {project}
    assert {project, f"{project}-b"} <= seen

"""The reports on judging: causes, judges beside one another, and samples that are weighed; worked out by hand."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
import rows
from groundspan_collector import report, traces
from groundspan_collector.report import Cell
from groundspan_collector.store import Store
from groundspan_collector.trace_view import render
from rows import NOON, Trace

Ask = Callable[..., list[Mapping[str, Cell]]]


@pytest.fixture
def ask(store: Store, project: str) -> Ask:
    """The rows of a report about the day of NOON, in the test's own project."""

    def asked(name: str, *, by: str = "") -> list[Mapping[str, Cell]]:
        question = report.ask(name, since="24h", until="", by=by, k="", now=NOON + timedelta(hours=12))
        return list(report.run(store, question, project=project).rows)

    return asked


def judged(project: str, number: int, first: bool, second: bool | None) -> Trace:
    """An answer that judge `a` calls ungrounded or not, and judge `b` too unless it is None."""
    trace = Trace(project, f"{number:032x}").span(f"{number:016x}")
    trace.answer(judge="a", ungrounded=first, contradicted_claims=int(first), supported_claims=1)
    if second is not None:
        trace.answer(judge="b", ungrounded=second, contradicted_claims=2 * int(second), supported_claims=2, beside=True)
    return trace


def test_judges_are_compared_over_what_both_judged(store: Store, project: str, ask: Ask) -> None:
    """Agreement, Cohen's kappa, both rates, and the confusion."""
    said = [(True, True)] * 3 + [(True, False)] * 1 + [(False, True)] * 2 + [(False, False)] * 4 + [(True, None)] * 5
    rows.insert(store, *(judged(project, number, *each) for number, each in enumerate(said, start=1)))

    (row,) = ask("judges")

    assert (row["project"], row["first_judge"], row["second_judge"], row["answers"]) == (project, "a 1", "b 1", 10)
    assert [row[name] for name in ("both_ungrounded", "only_first", "only_second", "both_grounded")] == [3, 1, 2, 4]
    assert (row["agreement_rate"], row["first_answer_rate"], row["second_answer_rate"]) == pytest.approx(
        (0.7, 0.4, 0.5)
    )
    # By chance they agree in 0.4 x 0.5 + 0.6 x 0.5.
    assert row["kappa"] == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    assert row["difference_rate"] == pytest.approx(0.1)
    # 95 % at 1 and 2 disagreements, each and a half, of 12.
    half_width = 1.959964 * (4 - 1 / 12) ** 0.5 / 12
    assert row["difference_rate_low"] == pytest.approx(1 / 12 - half_width, rel=1e-5)
    assert row["difference_rate_high"] == pytest.approx(1 / 12 + half_width, rel=1e-5)
    assert (row["first_claim_rate"], row["second_claim_rate"]) == pytest.approx((4 / 14, 10 / 30))


def test_judges_are_not_compared_when_inputs_differ(store: Store, project: str, ask: Ask) -> None:
    """Late chunks make another answer of it."""
    trace = judged(project, 1, True, True)
    trace.answers[1] |= {"input_hash": 2}
    rows.insert(store, trace)

    assert ask("judges") == []


def test_kappa_is_unknown_when_there_is_nothing_to_agree_on(store: Store, project: str, ask: Ask) -> None:
    """Both call everything grounded."""
    rows.insert(store, *(judged(project, number, False, False) for number in range(1, 4)))

    (row,) = ask("judges", by="service")

    assert (row["service"], row["agreement_rate"], row["kappa"]) == ("library", 1.0, None)


def test_causes_are_counted_and_what_has_none_is_unknown(store: Store, project: str, ask: Ask) -> None:
    """Older judgements have none."""
    one = Trace(project, "01" * 16).span("a1")
    one.answer(contradicted_claims=1, unsupported_claims=3, causes={"contradicted": 1, "dropped": 2, "ignored": 1})
    old = Trace(project, "02" * 16).span("a2").answer(unsupported_claims=2)
    unjudged = Trace(project, "03" * 16).span("a3").answer("unjudged")
    rows.insert(store, one, old, unjudged)

    (row,) = ask("causes")

    assert dict(row) == {
        "version": "", "judged": 2, "ungrounded_claims": 6, "not_retrieved": 0, "dropped": 2, "ignored": 1,
        "contradicted": 1, "should_have_abstained": 0, "unknown": 2,
    }  # fmt: skip


def test_rates_weigh_a_sample(store: Store, project: str, ask: Ask) -> None:
    """Of one kind of answers a tenth was judged, of the other all: each stands for as many as there were."""
    tenth = [
        Trace(project, f"{n:032x}")
        .span(f"{n:016x}")
        .answer(ungrounded=True, unsupported_claims=1, supported_claims=1, sample_ratio=0.1)
        for n in range(1, 3)
    ]
    whole = [
        Trace(project, f"{n:032x}").span(f"{n:016x}").answer(ungrounded=False, supported_claims=2, sample_ratio=1.0)
        for n in range(11, 31)
    ]
    left_out = Trace(project, "ff" * 16).span("ff").answer("not_sampled", sample_ratio=0.1)
    rows.insert(store, *tenth, *whole, left_out)

    (row,) = ask("hallucination")

    assert (row["answers"], row["judged"], row["ungrounded_answers"]) == (22, 22, 2)
    assert row["ungrounded_answer_rate"] == pytest.approx(20 / 40)
    assert row["ungrounded_claim_rate"] == pytest.approx(20 / 80)
    low, high = (float(str(row[f"ungrounded_answer_rate_{end}"])) for end in ("low", "high"))
    # 22 answers, of which two weigh ten, tell as much as (2 x 10 + 20)² / (2 x 100 + 20) = 7.3.
    assert high - low == pytest.approx(0.586, abs=0.005)


def test_cause_is_shown_with_its_claim(store: Store, project: str) -> None:
    """Unless the verdict says the same."""
    trace = Trace(project, "0c" * 16).span("c1", output="One. Two.")
    trace.answer(ungrounded=True, answer="One. Two.", contradicted_claims=1, unsupported_claims=1)
    trace.verdict(0, "unsupported", text="One.", cause="dropped").verdict(
        1, "contradicted", text="Two.", cause="contradicted"
    )
    rows.insert(store, trace)

    document = traces.document(store, "0c" * 16, project=project)
    text = render(document, 100)

    assert "unsupported" in text
    assert "dropped" in text
    assert text.count("contradicted") == 1

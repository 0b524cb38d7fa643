"""Answers are drawn by chance, labelled blindly, and their labels correct the report's rate."""

import json
from collections.abc import Mapping
from datetime import timedelta

import otlp
import pytest
import rows
import stored
from groundspan_collector import forget, labels, report, windows
from groundspan_collector.decode import logs
from groundspan_collector.errors import NotFound, RejectedData
from groundspan_collector.records import insert_logs
from groundspan_collector.report import Cell, Report
from groundspan_collector.store import Store
from rows import NOON, Trace

EVERY_STORE = True
DAY = windows.Window(NOON - timedelta(hours=1), NOON + timedelta(hours=1), suspects=True)
LATER = NOON + timedelta(days=1)


def trace_id(number: int) -> str:
    """The id of the trace with this number."""
    return f"a{number:031x}"


def number_of(answer: str) -> int:
    """The number of the trace with this id."""
    return int(answer[1:], 16)


def judged(store: Store, project: str, grounded: int, ungrounded: int, **columns: object) -> None:
    """Answers that the judge called grounded, and after them those that it did not; in versions by turns."""
    made = []
    for number in range(grounded + ungrounded):
        trace = Trace(project, trace_id(number), dimensions={"version": f"v{number % 2}"})
        is_called = number >= grounded
        trace.answer(ungrounded=is_called, ungrounded_probability=0.9 if is_called else 0.1, question="Why?")
        trace.answers[0] |= {"answer": f"Answer {number}."} | columns
        made.append(trace)
    rows.insert(store, *made)


def draw(store: Store, project: str, wanted: int, *, seed: str = "a") -> list[str]:
    """The ids of drawn answers."""
    drawn = labels.draw(store, DAY, wanted=wanted, seed=seed, project=project, now=LATER)["answers"]
    assert isinstance(drawn, list)
    return [each["id"] for each in drawn]


def say(store: Store, project: str, answer: str, word: str, *, after_s: int = 0, **given: str) -> Mapping[str, object]:
    """Label an answer."""
    at = LATER + timedelta(seconds=after_s)
    return labels.label(store, answer, {"label": word, **given}, project=project, now=at)


def reported(store: Store, project: str, by: str = "project") -> Report:
    """The hallucination report of the day."""
    asked = report.ask("hallucination", since="24h", until="", by=by, k="", now=NOON + timedelta(hours=12))
    return report.run(store, asked, project=project)


def row(store: Store, project: str) -> Mapping[str, Cell]:
    """Its only row."""
    (only,) = reported(store, project).rows
    return only


def test_both_calls_of_the_judge_are_drawn_and_recorded(store: Store, project: str) -> None:
    """Each with its chance; the rare call more often than its share."""
    judged(store, project, grounded=90, ungrounded=10)

    drawn = draw(store, project, 20)
    recorded = store.rows(
        "SELECT trace_id, cell, cell_answers, inclusion_probability FROM label_draws "
        "WHERE project = {project:String} ORDER BY trace_id",
        {"project": project},
    )

    assert sorted(drawn) == [each["trace_id"] for each in recorded]
    counts = {cell: sum(each["cell"] == cell for each in recorded) for cell in (0, 3)}
    assert counts == {0: 16, 3: 4}
    assert {(each["cell"], each["cell_answers"], each["inclusion_probability"]) for each in recorded} == {
        (0, 90, 16 / 90),
        (3, 10, 4 / 10),
    }


def test_a_seed_draws_the_same_answers_and_another_one_others(store: Store, project: str) -> None:
    """By chance: over many seeds each answer of a cell has its turn."""
    judged(store, project, grounded=12, ungrounded=0)

    drawn = [draw(store, project, 6, seed=str(seed)) for seed in (*range(12), 0)]

    assert drawn[0] == drawn[-1]
    assert set().union(*drawn) == {trace_id(number) for number in range(12)}
    assert len({tuple(each) for each in drawn}) > 6


def test_labelled_answers_are_not_drawn_again(store: Store, project: str) -> None:
    """The next sample is of the others."""
    judged(store, project, grounded=6, ungrounded=0)
    first = draw(store, project, 4)
    for answer in first:
        say(store, project, answer, "g")

    assert set(draw(store, project, 10)) == {trace_id(number) for number in range(6)} - set(first)


def test_labels_correct_the_rate_of_the_report(store: Store, project: str) -> None:
    """Before: what the judge called. After: of the 40 labelled, a quarter of its calls either way were wrong."""
    judged(store, project, grounded=160, ungrounded=40)
    before = row(store, project)
    for place, answer in enumerate(sorted(draw(store, project, 40))):
        is_called = number_of(answer) >= 160
        say(store, project, answer, "u" if is_called != (place % 4 == 0) else "g")

    after = row(store, project)
    truths = store.rows(
        "SELECT trace_id >= {first:String} AS is_called, avg(score_value) AS rate FROM evaluations_once "
        "WHERE project = {project:String} GROUP BY is_called",
        {"first": trace_id(160), "project": project},
    )
    rates = {bool(each["is_called"]): float(str(each["rate"])) for each in truths}

    assert (before["labels"], before["corrected_by"]) == (0, "rates unknown")
    assert before["corrected_answer_rate"] is None
    assert (after["labels"], after["corrected_by"]) == (40, "labels")
    assert before["ungrounded_answer_rate"] == after["ungrounded_answer_rate"] == 0.2
    assert after["corrected_answer_rate"] == pytest.approx(0.8 * rates[False] + 0.2 * rates[True])
    low, rate, high = (after[f"corrected_answer_rate{end}"] for end in ("_low", "", "_high"))
    assert isinstance(low, float)
    assert isinstance(rate, float)
    assert isinstance(high, float)
    assert 0 < low < rate < high < 1


def test_each_row_is_corrected_by_its_own_labels(store: Store, project: str) -> None:
    """A version whose answers nobody labelled has no rate from labels of another's."""
    judged(store, project, grounded=40, ungrounded=0)
    for answer in draw(store, project, 40):
        if number_of(answer) % 2 == 0:
            say(store, project, answer, "u")

    found = reported(store, project, by="version")

    assert [(each["version"], each["labels"], each["corrected_by"]) for each in found.rows] == [
        ("v0", 20, "labels"),
        ("v1", 0, "rates unknown"),
    ]
    assert found.rows[0]["corrected_answer_rate"] == 1
    assert any("prediction-powered" in note for note in found.notes)


def test_the_newest_label_of_an_answer_counts(store: Store, project: str) -> None:
    """A person changes their mind, or another one does."""
    judged(store, project, grounded=5, ungrounded=0)
    for answer in draw(store, project, 5):
        say(store, project, answer, "u", labeller="ann")
        say(store, project, answer, "g", after_s=1, labeller="bob")

    assert (row(store, project)["labels"], row(store, project)["corrected_answer_rate"]) == (5, 0)


def test_labels_that_stand_for_no_other_answers_are_left_out(store: Store, project: str) -> None:
    """Of an answer that was not drawn, and of one that changed since; the report says how many."""
    judged(store, project, grounded=12, ungrounded=0)
    drawn = draw(store, project, 6)
    chosen = next(trace_id(number) for number in range(12) if trace_id(number) not in drawn)
    for answer in drawn:
        assert say(store, project, answer, "g")["is_drawn"]
    assert not say(store, project, chosen, "u")["is_drawn"]
    changed = Trace(project, drawn[0]).answer(judged_after_s=60, input_hash=2)
    rows.insert(store, changed)

    found = reported(store, project)

    assert found.rows[0]["labels"] == 5
    assert any("1 labels are left out: their answers changed" in note for note in found.notes)
    assert any("1 labels are left out: nobody drew" in note for note in found.notes)


def test_labels_drawn_by_another_judge_count_where_the_same_answers_were_judged(store: Store, project: str) -> None:
    """What is true of an answer is true for every judge; that it was drawn by another's calls is said."""
    judged(store, project, grounded=20, ungrounded=0)
    drawn = draw(store, project, 10)
    for answer in drawn:
        say(store, project, answer, "u")
    judged(store, project, grounded=0, ungrounded=20, judge_version="2", judged_at=rows.ns(NOON + timedelta(hours=2)))

    found = reported(store, project)

    assert (found.rows[0]["labels"], found.rows[0]["ungrounded_answer_rate"]) == (10, 1)
    assert found.rows[0]["corrected_answer_rate"] == 1
    assert any("10 of the labels were drawn by the calls of the judge lexical 1" in note for note in found.notes)


def test_a_label_that_comes_as_an_evaluation_counts(store: Store, project: str) -> None:
    """`gs.feedback(name="groundspan.label", label=…, trace_id=…)` of an answer that was drawn."""
    judged(store, project, grounded=5, ungrounded=0)
    for answer in draw(store, project, 5):
        record = otlp.log(
            "gen_ai.evaluation.result",
            {"gen_ai.evaluation.name": labels.NAME, "gen_ai.evaluation.score.label": "ungrounded"},
            span=otlp.span(trace_id=bytes.fromhex(answer)),
        )
        valid = logs.request(otlp.logs(record).SerializeToString())
        insert_logs(store, [valid.body], valid.items, project=project, received_at_ns=stored.RECEIVED_NS)

    assert row(store, project)["labels"] == 5


def test_an_answer_is_shown_without_what_the_judge_made_of_it(store: Store, project: str) -> None:
    """Its chunks, with the passages of its most doubtful claims marked, whatever it was called."""
    chunk = "Refunds take five days. Shipping is free."
    spans = Trace(project, trace_id(1))
    spans.span("a1", query="How long?", output="Ten days.").span(
        "b1", "a1", stage="retrieve", chunks=[rows.chunk(7, "doc", 0.5, "faq.md")]
    )
    spans.answer(question="How long?", answer="Ten days.", ungrounded=True, ungrounded_probability=0.97)
    place = {"chunk": 0, "chunk_hash": 7, "evidence_start": 0, "evidence_end": 23}
    spans.verdict(0, "contradicted", text="Ten days.", end=9, support=0.03125, reason="no", **place)
    rows.insert_chunks(store, project, {7: chunk})
    rows.insert(store, spans)

    found = labels.shown(store, trace_id(1), project=project)

    assert found == {
        "id": trace_id(1),
        "project": project,
        "input_hash": "1",
        "question": "How long?",
        "answer": "Ten days.",
        "claims": [{"start": 0, "end": 9, "text": "Ten days."}],
        "chunks": [{"id": "doc", "source": "faq.md", "text": chunk, "marked": [(0, 23)]}],
    }
    assert not {"0.97", "contradicted", "0.03125"} & set(json.dumps(found).replace('"', " ").split())


def test_passages_that_overlap_are_marked_as_one() -> None:
    """Marks never stand within each other."""
    assert labels.merged([(10, 40), (0, 23), (50, 60), (60, 61)]) == [(0, 40), (50, 61)]


def test_what_cannot_be_labelled_is_refused(store: Store, project: str) -> None:
    """A word that is no label, an answer that is not there or was not judged, a version that is none."""
    judged(store, project, grounded=1, ungrounded=0)
    rows.insert(store, Trace(project, trace_id(9)).answer("no_context"))

    with pytest.raises(RejectedData, match="label must be g"):
        say(store, project, trace_id(0), "maybe")
    with pytest.raises(RejectedData, match="input_hash must be the digits"):
        say(store, project, trace_id(0), "g", input_hash="x")
    with pytest.raises(RejectedData, match="comment may have 4000 characters"):
        say(store, project, trace_id(0), "g", comment="x" * 5000)
    for unknown in (trace_id(8), trace_id(9)):
        with pytest.raises(NotFound, match="no judged answer has the id"):
            say(store, project, unknown, "g")


def test_labels_and_draws_of_a_trace_are_forgotten_with_it() -> None:
    """Both tables are among those that are erased from."""
    assert {"evaluations", "label_draws"} <= {table for table, _ in forget._TABLES}


def test_nothing_is_drawn_where_nothing_was_judged(store: Store, project: str) -> None:
    """An empty sample, no error."""
    assert draw(store, project, 10) == []

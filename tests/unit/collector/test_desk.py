"""The queue of answers: leases, samples, judgements that stand beside one another, and what reports take."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from groundspan_collector.desk import LEASE, Desk
from groundspan_collector.judging import Judging
from groundspan_collector.sampling import Rule, is_chosen
from groundspan_collector.settings import JudgeShare
from groundspan_collector.store import Store
from groundspan_collector.tasks import (
    ANSWER,
    VERDICT,
    JudgedBy,
    Result,
    Task,
    result_document,
    result_of,
    task_document,
    task_of,
)
from scoring import QUIET_S, T0, Clock, Counting, Trace

EVERY_STORE = True
QUIET = timedelta(seconds=3)


@pytest.fixture
def clock() -> Clock:
    """A clock when everything of T0 is quiet."""
    return Clock(T0 + QUIET)


@pytest.fixture
def judge(project: str) -> Counting:
    """A judge of the test's own."""
    return Counting(project)


@pytest.fixture
def by(judge: Counting) -> JudgedBy:
    """Its name."""
    return JudgedBy(judge.name, judge.version)


@pytest.fixture
def desk(store: Store, clock: Clock) -> Desk:
    """A desk of the test's own."""
    return Desk(store, clock, settled=clock, quiet_s=QUIET_S)


@pytest.fixture
def trace(store: Store, project: str) -> Trace:
    """A trace that went quiet."""
    trace = Trace(store, project)
    trace.send("root", "retrieve", "generate", at=T0)
    return trace


def judged(judge: Counting, tasks: list[Task], at: datetime = T0) -> list[Result]:
    """What *judge* says."""
    slices = Judging(judge, lambda: at, threads=1, wait=lambda _: None).results(tasks)
    return [result for results in slices for result in results]


def rows(store: Store, table: str, trace: Trace) -> list[dict[str, Any]]:
    """The raw rows of a trace, those that will be merged away too."""
    return store.rows(f"SELECT * FROM {table} WHERE trace_id = {{id:String}}", {"id": trace.trace_id.hex()})


def test_task_is_handed_out_once(desk: Desk, clock: Clock, by: JudgedBy, project: str, trace: Trace) -> None:
    """Until whoever took it gave nothing for so long."""
    (task,) = desk.take(by, project=project).tasks
    meanwhile = desk.take(by, project=project).tasks
    clock.now += LEASE
    (again,) = desk.take(by, project=project).tasks

    assert task.key == (project, trace.trace_id.hex())
    assert meanwhile == []
    assert again == task


def test_task_that_was_let_go_is_handed_out_at_once(desk: Desk, by: JudgedBy, project: str, trace: Trace) -> None:
    """A worker that fails says so."""
    (task,) = desk.take(by, project=project).tasks
    desk.release([task.key])

    assert [each.key[1] for each in desk.take(by, project=project).tasks] == [trace.trace_id.hex()]


def test_result_is_written_once(
    store: Store, desk: Desk, clock: Clock, judge: Counting, by: JudgedBy, project: str, trace: Trace
) -> None:
    """Two workers judged it, or one gave it twice since it did not hear the answer."""
    first = desk.take(by, project=project).tasks
    clock.now += LEASE
    second = desk.take(by, project=project).tasks

    given = [desk.give(judged(judge, tasks)) for tasks in (first, second, second)]

    assert given == [1, 0, 0]
    assert [len(rows(store, table, trace)) for table in ("answers", "verdicts")] == [1, 1]
    assert desk.take(by, project=project).tasks == []


def test_every_column_of_a_row_is_told(
    store: Store, desk: Desk, judge: Counting, by: JudgedBy, project: str, trace: Trace
) -> None:
    """What a worker sends is what the tables hold."""
    desk.give(judged(judge, desk.take(by, project=project).tasks))

    assert {name for row in rows(store, "answers", trace) for name in row} == set(ANSWER)
    assert {name for row in rows(store, "verdicts", trace) for name in row} == set(VERDICT)


def test_task_and_result_travel_as_json(judge: Counting, desk: Desk, by: JudgedBy, project: str, trace: Trace) -> None:
    """There and back, nothing is lost."""
    (task,) = desk.take(by, project=project).tasks
    (result,) = judged(judge, [task])

    assert task_of(task_document(task)) == task
    assert result_of(result_document(result)) == result
    assert trace.project == project


def test_failure_is_made_good_and_nothing_else(
    store: Store, desk: Desk, judge: Counting, by: JudgedBy, project: str, trace: Trace
) -> None:
    """An unjudged answer may be judged later; a judged one never becomes unjudged."""
    tasks = desk.take(by, project=project).tasks
    judge.fails_on = "1889"
    failed = judged(judge, tasks)
    judge.fails_on = ""
    good = judged(judge, tasks, T0 + timedelta(seconds=1))

    given = [desk.give(failed), desk.give(good), desk.give(failed)]

    assert given == [1, 1, 0]
    assert [row["status"] for row in trace.answers()] == ["judged"]
    assert {row["claim"] for row in rows(store, "verdicts", trace)} == {0}


def test_answer_out_of_the_sample_is_not_judged(store: Store, clock: Clock, by: JudgedBy, project: str) -> None:
    """It is told, without its text, and waits no more."""
    desk = Desk(store, clock, settled=clock, quiet_s=QUIET_S, sample=(Rule(0.5, "project", project), Rule(0.0)))
    traces = [Trace(store, project) for _ in range(20)]
    for each in traces:
        each.send("root", "retrieve", at=T0)

    tasks = desk.take(by, project=project).tasks

    chosen = [each.trace_id.hex() for each in traces if is_chosen(each.trace_id.hex(), 0.5)]
    assert 0 < len(chosen) < 20
    assert sorted(task.key[1] for task in tasks) == sorted(chosen)
    others = [row for each in traces for row in each.answers()]
    assert {(row["status"], row["answer"], row["sample_ratio"]) for row in others} == {("not_sampled", "", 0.5)}
    assert len(others) == 20 - len(chosen)
    assert {task.row["sample_ratio"] for task in tasks} == {0.5}


def test_shares_leave_nothing_and_nothing_twice(desk: Desk, store: Store, by: JudgedBy, project: str) -> None:
    """Three workers without leases in common."""
    ids = []
    for _ in range(12):
        each = Trace(store, project)
        each.send("root", "retrieve", at=T0)
        ids.append(each.trace_id.hex())

    taken = [
        task.key[1] for number in (1, 2, 3) for task in desk.take(by, JudgeShare(number, 3), project=project).tasks
    ]

    assert sorted(taken) == sorted(ids)


def test_texts_that_do_not_fit_together_are_handed_out_apart(
    monkeypatch: pytest.MonkeyPatch, desk: Desk, store: Store, by: JudgedBy, project: str
) -> None:
    """What is held at a time is bounded; an answer that is larger alone is handed out alone."""
    monkeypatch.setattr("groundspan_collector.gathering.MOST_TEXT_BYTES", 1500)
    for number in range(4):
        Trace(store, project).send("root", "retrieve", at=T0, chunk=f"{number}" * 1000)

    taken = []
    while tasks := desk.take(by, project=project).tasks:
        taken.append(len(tasks))

    assert taken == [1, 1, 1, 1]


def test_reports_take_the_judge_in_force(store: Store, desk: Desk, clock: Clock, project: str, trace: Trace) -> None:
    """What stands beside changes nothing until its judge judges answers as they arrive; then it counts for all."""
    old, new = Counting("old"), Counting("new")
    tasks = desk.take(JudgedBy("old", "1"), project=project).tasks
    desk.give(judged(old, tasks))
    beside = [Task(task.row | {"judge": "new", "beside": True}, task.chunks, task.context) for task in tasks]
    desk.give(judged(new, beside, T0 + timedelta(seconds=5)))
    before = [row["judge"] for row in trace.answers()]

    later = Trace(store, project)
    later.send("root", "retrieve", at=T0 + timedelta(seconds=10))
    clock.now = T0 + timedelta(seconds=20)
    desk.give(judged(new, desk.take(JudgedBy("new", "1"), project=project).tasks, T0 + timedelta(seconds=20)))

    assert before == ["old"]
    assert [row["judge"] for row in trace.answers() + later.answers()] == ["new", "new"]


def test_judgement_of_older_inputs_is_never_taken(desk: Desk, clock: Clock, project: str, trace: Trace) -> None:
    """Late chunks came after a rescore: its judgement is of an answer that is no more."""
    old, new = Counting("old"), Counting("new")
    tasks = desk.take(JudgedBy("old", "1"), project=project).tasks
    desk.give(judged(old, tasks))
    beside = [Task(task.row | {"judge": "new", "beside": True}, task.chunks, task.context) for task in tasks]
    desk.give(judged(new, beside, T0 + timedelta(minutes=5)))
    trace.send("retrieve", at=T0 + timedelta(seconds=30), chunk="It has 1665 steps.")
    clock.now = T0 + timedelta(seconds=40)

    desk.give(judged(old, desk.take(JudgedBy("old", "1"), project=project).tasks, clock.now))

    assert [(row["judge"], row["chunks"]) for row in trace.answers()] == [("old", 2)]


def test_other_judgements_hold_for_a_span_that_says_nothing(
    desk: Desk, clock: Clock, project: str, trace: Trace
) -> None:
    """The one beside stays as new as the one in line."""
    old, new = Counting("old"), Counting("new")
    tasks = desk.take(JudgedBy("old", "1"), project=project).tasks
    desk.give(judged(old, tasks))
    beside = [Task(task.row | {"judge": "new", "beside": True}, task.chunks, task.context) for task in tasks]
    desk.give(judged(new, beside, T0 + timedelta(seconds=5)))
    trace.send("tool", at=T0 + timedelta(seconds=30))
    clock.now = T0 + timedelta(seconds=40)

    taken = desk.take(JudgedBy("old", "1"), project=project)

    assert (taken.tasks, taken.done) == ([], 1)
    by_judge = {row["judge"]: row for row in desk.judgements([{"project": project, "trace_id": trace.trace_id.hex()}])}
    assert by_judge["old"]["last_received"] == by_judge["new"]["last_received"] == T0 + timedelta(seconds=30)
    assert (by_judge["old"]["beside"], by_judge["new"]["beside"]) == (False, True)

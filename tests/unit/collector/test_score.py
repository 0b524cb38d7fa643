"""The scoring loop over a real store: what is judged, when, and how often."""

from datetime import datetime, timedelta

import pytest
from groundspan_collector import judges
from groundspan_collector.desk import covered_until
from groundspan_collector.errors import JudgeFailed
from groundspan_collector.receipts import Receipts
from groundspan_collector.score import Scorer, loop
from groundspan_collector.settings import JudgeShare
from groundspan_collector.store import Store
from scoring import QUIET_S, T0, TEXT, Clock, Counting, Trace, unix_ns


def _scored(scorer: Scorer, clock: Clock, at: datetime) -> None:
    clock.now = at
    while scorer.score_due():
        pass


@pytest.fixture
def clock() -> Clock:
    """A clock at T0."""
    return Clock()


@pytest.fixture
def judge(project: str) -> Counting:
    """A judge of the test's own, so that nothing was judged by it before."""
    return Counting(project)


@pytest.fixture
def scorer(store: Store, judge: Counting, clock: Clock) -> Scorer:
    """A scorer that saw everything that other tests left behind."""
    scorer = Scorer(store, judge, clock, settled=clock, quiet_s=QUIET_S)
    _scored(scorer, clock, T0 - timedelta(minutes=2))
    judge.cases.clear()
    return scorer


@pytest.fixture
def trace(store: Store, project: str) -> Trace:
    """A trace that was not sent yet."""
    return Trace(store, project)


def test_answer_is_judged_when_its_trace_is_quiet(scorer: Scorer, clock: Clock, trace: Trace) -> None:
    """Not before: spans that are still to come may hold the context."""
    trace.send("root", "retrieve", "generate", at=T0)

    _scored(scorer, clock, T0 + timedelta(seconds=1.9))
    early = trace.answers()
    _scored(scorer, clock, T0 + timedelta(seconds=2))

    assert early == []
    assert [(row["status"], row["claims"], row["chunks"]) for row in trace.answers()] == [("judged", 1, 1)]


def test_answer_is_not_judged_while_an_earlier_receipt_is_under_way(
    store: Store, judge: Counting, clock: Clock, trace: Trace
) -> None:
    """A slow insert may hold the chunks of a trace whose later spans can be seen already."""
    receipts = Receipts(lambda: unix_ns(clock.now))
    scorer = Scorer(store, judge, clock, settled=receipts.settled, quiet_s=QUIET_S)
    with receipts.receipt():
        trace.send("root", "generate", at=T0 + timedelta(seconds=1))
        _scored(scorer, clock, T0 + timedelta(seconds=20))
        early = trace.answers()
        trace.send("retrieve", at=T0)

    _scored(scorer, clock, T0 + timedelta(seconds=21))

    assert early == []
    assert [(row["status"], row["chunks"]) for row in trace.answers()] == [("judged", 1)]


def test_scorer_knows_what_is_pending(scorer: Scorer, clock: Clock, trace: Trace) -> None:
    """Traces that are not quiet yet are pending too; a trace without text never is."""
    before = scorer.pending()
    trace.send("root", at=T0)
    Trace(trace.store, trace.project).send("tool", at=T0)

    clock.now = T0 + timedelta(seconds=1)
    waiting = scorer.pending()
    _scored(scorer, clock, T0 + timedelta(seconds=5))

    assert (before, waiting, scorer.pending()) == (0, 1, 0)


def test_late_chunks_judge_an_answer_again(scorer: Scorer, clock: Clock, trace: Trace) -> None:
    """The newest judgement counts, and only its claims are read."""
    trace.send("root", "generate", at=T0)
    _scored(scorer, clock, T0 + timedelta(seconds=3))
    first = [(row["status"], row["chunks"]) for row in trace.answers()]

    trace.send("retrieve", at=T0 + timedelta(seconds=10))
    _scored(scorer, clock, T0 + timedelta(seconds=13))

    assert first == [("no_context", 0)]
    assert [(row["status"], row["chunks"]) for row in trace.answers()] == [("judged", 1)]
    assert [row["text"] for row in trace.verdicts()] == [TEXT]


def test_root_that_comes_late_judges_again(scorer: Scorer, clock: Clock, trace: Trace) -> None:
    """Roots end last; another process may send them much later."""
    trace.send("retrieve", "generate", at=T0, answer="Built in 1887.")
    _scored(scorer, clock, T0 + timedelta(seconds=3))

    trace.send("root", at=T0 + timedelta(seconds=10))
    _scored(scorer, clock, T0 + timedelta(seconds=13))

    assert [(row["answer"], row["span_id"]) for row in trace.answers()] == [(TEXT, trace.root.hex())]


def test_answer_is_not_judged_twice_when_its_inputs_are_the_same(
    scorer: Scorer, clock: Clock, judge: Counting, trace: Trace
) -> None:
    """A retry, or a span that says nothing about the answer, costs no second judgement."""
    trace.send("root", "retrieve", "generate", at=T0)
    _scored(scorer, clock, T0 + timedelta(seconds=3))
    trace.send("tool", at=T0 + timedelta(seconds=10))
    _scored(scorer, clock, T0 + timedelta(seconds=13))

    assert len(judge.cases) == 1
    assert scorer.pending() == 0
    assert [row["status"] for row in trace.answers()] == ["judged"]
    assert len(trace.verdicts()) == 1


def test_answer_is_not_judged_twice_when_the_collector_starts_again(
    scorer: Scorer, clock: Clock, judge: Counting, trace: Trace
) -> None:
    """The table is the queue."""
    trace.send("root", "retrieve", "generate", at=T0)
    _scored(scorer, clock, T0 + timedelta(seconds=3))

    again = Scorer(trace.store, judge, clock, settled=clock, quiet_s=QUIET_S)
    _scored(again, clock, T0 + timedelta(seconds=60))

    assert len(judge.cases) == 1


@pytest.mark.parametrize("kind", [JudgeFailed, ValueError])
def test_answer_is_unjudged_when_the_judge_fails(
    scorer: Scorer, clock: Clock, judge: Counting, trace: Trace, kind: type[Exception]
) -> None:
    """With the reason, never a missing row; and the others of its batch are judged."""
    judge.fails_on, judge.fails_with = "1889", kind
    other = Trace(trace.store, trace.project)
    trace.send("root", "retrieve", at=T0)
    other.send("root", "retrieve", at=T0, answer="It was built by Gustave Eiffel.")

    _scored(scorer, clock, T0 + timedelta(seconds=3))

    assert [(row["status"], row["ungrounded"], "no verdict" in row["reason"]) for row in trace.answers()] == [
        ("unjudged", False, True)
    ]
    assert [row["status"] for row in other.answers()] == ["judged"]
    assert scorer.pending() == 0


def test_evidence_names_its_chunk(store: Store, clock: Clock, trace: Trace) -> None:
    """With the real lexical judge: offsets cut the claim out of the answer, the chunk is the one that decided."""
    lexical = judges.load("lexical")
    scorer = Scorer(store, lexical, clock, settled=clock, quiet_s=QUIET_S)
    trace.send("root", "retrieve", at=T0, answer="The tower was built in 1999 by Gustave Eiffel.")

    _scored(scorer, clock, T0 + timedelta(seconds=3))

    (answer,), (verdict,) = trace.answers(), trace.verdicts()
    assert answer["answer"][verdict["start"] : verdict["end"]] == verdict["text"]
    assert (verdict["verdict"], verdict["chunk_id"], verdict["chunk_source"]) == ("contradicted", "d1", "a.md")
    assert "1889" in TEXT[verdict["evidence_start"] : verdict["evidence_end"]]


@pytest.mark.parametrize(
    ("received", "last_received", "now", "expected"),
    [
        (T0, T0, T0, T0),
        (T0 + timedelta(seconds=1), T0, T0, T0 + timedelta(seconds=1)),
        (None, T0, T0 + timedelta(seconds=59), None),
        (None, T0, T0 + timedelta(seconds=61), T0),
        (T0 - timedelta(seconds=1), T0, T0 + timedelta(seconds=3), None),
        (T0 - timedelta(seconds=1), T0, T0 + timedelta(seconds=61), T0),
    ],
    ids=["all is visible", "more than was known", "being written", "cut off", "more being written", "more cut off"],
)
def test_judgement_covers_what_is_visible(
    received: datetime | None, last_received: datetime, now: datetime, expected: datetime | None
) -> None:
    """While spans are still being written it waits; what was cut off is not waited for for ever."""
    assert covered_until(received, last_received, now) == expected


def test_loop_rests_when_traces_wait_for_their_spans(store: Store, clock: Clock, scorer: Scorer, trace: Trace) -> None:
    """A write that was cut off by a crash must not spin a core until it is given up."""
    store.insert(
        "spans_trace_id_ts",
        [
            {
                "project": trace.project,
                "TraceId": trace.trace_id.hex(),
                "Start": T0,
                "End": T0,
                "answerable": 1,
                "last_received": T0,
            }
        ],
    )
    clock.now = T0 + timedelta(seconds=30)

    assert scorer.score_due() == 0
    _scored(scorer, clock, T0 + timedelta(seconds=62))
    assert scorer.pending() == 0


def test_loop_lives_on_when_its_work_fails() -> None:
    """It rests longer after a failure, and not at all while there is work."""
    outcomes: list[int | Exception] = [1, 0, RuntimeError("once"), 1]
    pauses: list[float] = []

    def work() -> int:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def stop(pause_s: float) -> bool:
        pauses.append(pause_s)
        return not outcomes

    loop(work, stop=stop, idle_s=0.5, place="test", share=lambda: 1.0)

    assert pauses == [0.0, 0.0, 0.5, 2.5, 0.0]


def test_every_answer_is_judged_once_when_collectors_share_the_work(store: Store, project: str, clock: Clock) -> None:
    """Each takes its part of the traces, and no part is left."""
    judges = [Counting("shared"), Counting("shared")]
    scorers = [
        Scorer(store, judge, clock, settled=clock, quiet_s=QUIET_S, share=JudgeShare(number, 2))
        for number, judge in enumerate(judges, start=1)
    ]
    for each in scorers:
        _scored(each, clock, T0 - timedelta(minutes=2))
    for judge in judges:
        judge.cases.clear()
    for number in range(8):
        Trace(store, project).send("root", "retrieve", at=T0, answer=f"The answer has the number {number}.")

    for each in scorers:
        _scored(each, clock, T0 + timedelta(seconds=3))

    answers = [case.answer for judge in judges for case in judge.cases]
    assert sorted(answers) == [f"The answer has the number {number}." for number in range(8)]


def test_answer_is_judged_when_another_collector_stored_it_late(store: Store, project: str, clock: Clock) -> None:
    """It was in that one's spool for an hour."""
    judge = Counting("late")
    scorer = Scorer(store, judge, clock, settled=clock, quiet_s=QUIET_S, late=timedelta(hours=2))
    _scored(scorer, clock, T0 + timedelta(hours=1))
    judge.cases.clear()

    Trace(store, project).send("root", "retrieve", at=T0)
    _scored(scorer, clock, T0 + timedelta(hours=1, seconds=3))

    assert len(judge.cases) == 1


def test_claims_of_an_answer_that_was_cut_lie_in_what_is_stored(scorer: Scorer, clock: Clock, trace: Trace) -> None:
    """The longest answer that a request may bring is judged up to where it ends."""
    sentence = "The tower was built in 1889. "
    trace.send("root", "retrieve", "generate", at=T0, answer=sentence * 40_000)

    _scored(scorer, clock, T0 + timedelta(seconds=3))

    ((answer,), verdicts) = trace.answers(), trace.verdicts()
    assert (sentence * 40_000).startswith(answer["answer"])
    assert 1 << 19 < len(answer["answer"]) < 1 << 20
    assert verdicts
    for each in verdicts:
        assert answer["answer"][each["start"] : each["end"]] == each["text"]

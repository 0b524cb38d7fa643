"""Many answers at once: tries, batches, threads, and what fails alone."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from groundspan_collector.answers import Chunk
from groundspan_collector.errors import JudgeFailed, Stopping
from groundspan_collector.judges import SUPPORTED, UNSUPPORTED, Case, Judge, ModelCall, PaidFailure, Ruling, Verdict
from groundspan_collector.judging import TRIES, Judging
from groundspan_collector.tasks import Result, Task

NOW = datetime(2026, 11, 25, tzinfo=UTC)
CALL = ModelCall("acme", "m", 1, 2, 3, 4)
CONTEXT = ("The tower was built in 1889 by Gustave Eiffel.",)


@dataclass
class Moody:
    """A judge that fails on some answers, so many times."""

    failures: dict[str, int] = field(default_factory=dict)
    fails_with: type[Exception] = JudgeFailed
    word: str = SUPPORTED
    name: str = "moody"
    version: str = "1"
    threshold: float = 0.5
    asked: list[str] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)

    def judge(self, case: Case) -> Ruling:
        """Rule on *case*."""
        self.asked.append(case.answer)
        self.threads.add(threading.current_thread().name)
        if self.failures.get(case.answer, 0):
            self.failures[case.answer] -= 1
            raise self.fails_with("not now")
        return Ruling([Verdict(self.word, 0.9, None, "") for _ in case.claims], 0.0)


@dataclass
class Together(Moody):
    """One that rules on several at once."""

    batches: list[int] = field(default_factory=list)

    def judge_all(self, cases: Sequence[Case]) -> Sequence[Ruling]:
        """Rule on *cases*."""
        self.batches.append(len(cases))
        if any(self.failures.get(case.answer) for case in cases):
            raise JudgeFailed("one of them is odd")
        return [Ruling([Verdict(SUPPORTED, 0.9, None, "together") for _ in case.claims], 0.0) for case in cases]


def task(number: int, left_out: Sequence[str] = ()) -> Task:
    """An answer of one claim."""
    row = {
        **dict.fromkeys(("project", "judge", "judge_version"), "x"),
        "trace_id": f"{number:032x}",
        "root_start": NOW,
        "input_hash": number,
        "question": "When was it built?",
        "answer": answer(number),
    }
    chunks = tuple(Chunk(place, f"d{place}", "") for place in range(len(left_out)))
    return Task(row, (Chunk(9, "d9", ""),), CONTEXT, chunks, tuple(left_out))


def answer(number: int) -> str:
    """Its text."""
    return f"It was built by {number} workers."


def judging(judge: Judge, waits: list[float] | None = None, threads: int = 1) -> Judging:
    """Judging without a pause."""
    return Judging(judge, lambda: NOW, threads=threads, wait=(waits if waits is not None else []).append)


def all_of(slices: Iterable[list[Result]]) -> list[Result]:
    """The results of all slices."""
    return [result for results in slices for result in results]


def test_slow_judge_is_asked_for_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what it has judged is soon written."""
    monkeypatch.setattr("groundspan_collector.judging.SLICE_S", 0.0)

    slices = judging(Moody()).results([task(number) for number in range(3)])

    assert [len(results) for results in slices] == [1, 1, 1]


def test_nothing_more_is_judged_when_the_judge_is_to_stop() -> None:
    """What was judged before is there; the rest is no failure, and is left."""
    judge = Moody({answer(2): 1}, fails_with=Stopping)

    results = all_of(judging(judge).results([task(number) for number in range(9)]))

    assert [result.answer["status"] for result in results] == ["judged"]


def test_judge_that_cost_something_and_failed_is_not_asked_again() -> None:
    """It had its own tries; what it cost is known."""

    class Paid(Moody):
        def judge(self, case: Case) -> Ruling:
            self.asked.append(case.answer)
            raise PaidFailure("garbage", [CALL])

    (result,) = all_of(judging(Paid()).results([task(0)]))

    assert (result.answer["status"], result.answer["attempts"], result.calls) == ("unjudged", 1, (CALL,))


def test_judge_that_fails_is_asked_again() -> None:
    """After a pause; what was ruled on already is not asked again."""
    judge, waits = Moody({answer(1): 2}), list[float]()

    results = all_of(judging(judge, waits).results([task(0), task(1)]))

    assert [(each.answer["status"], each.answer["attempts"]) for each in results] == [("judged", 1), ("judged", 3)]
    assert judge.asked == [answer(0), answer(1), answer(1), answer(1)]
    assert len(waits) == 2
    assert 0 < waits[0] < waits[1] <= 2


@pytest.mark.parametrize("kind", [JudgeFailed, ValueError])
def test_answer_is_unjudged_when_the_last_try_fails(kind: type[Exception]) -> None:
    """With the reason, and the number of tries."""
    judge = Moody({answer(0): 99}, fails_with=kind)

    failed, other = all_of(judging(judge).results([task(0), task(1)]))

    assert (failed.answer["status"], failed.answer["attempts"], other.answer["status"]) == ("unjudged", TRIES, "judged")
    assert "not now" in str(failed.answer["reason"])


def test_answers_are_judged_together_where_the_judge_can() -> None:
    """A model is asked once for more and more answers, as long as it is quick."""
    judge = Together()

    results = all_of(judging(judge).results([task(number) for number in range(40)]))

    assert judge.batches == [2, 4, 8, 16, 9]
    assert judge.asked == [answer(0)]
    assert [each.answer["trace_id"] for each in results] == [task(number).row["trace_id"] for number in range(40)]


def test_odd_answer_of_a_batch_harms_itself_alone() -> None:
    """The batch is then judged one by one."""
    judge = Together({answer(2): 99})

    results = all_of(judging(judge).results([task(number) for number in range(4)]))

    assert [each.answer["status"] for each in results] == ["judged", "judged", "unjudged", "judged"]


def test_threads_are_as_many_as_were_asked_for() -> None:
    """And results come in the order of the tasks."""
    judge = Moody()
    working = judging(judge, threads=3)

    results = all_of(working.results([task(number) for number in range(100)]))
    working.close()

    assert [each.verdicts[0]["text"] for each in results] == [answer(number) for number in range(100)]
    assert 1 <= len(judge.threads) <= 3
    assert all(name.startswith("groundspan-judge") for name in judge.threads)


def test_judge_with_too_few_verdicts_is_no_judgement() -> None:
    """A user's own judge may be wrong; the loop goes on."""

    class Short(Moody):
        def judge(self, case: Case) -> Ruling:
            return Ruling([], super().judge(case).ungrounded_probability)

    (result,) = all_of(judging(Short()).results([task(0)]))

    assert result.answer["status"] == "unjudged"


def test_claim_is_dropped_when_a_chunk_that_was_left_out_says_it() -> None:
    """The same judge says so, and the reason names the chunk."""

    class Knows(Moody):
        def judge(self, case: Case) -> Ruling:
            word = SUPPORTED if "workers" in case.context.context[-1] else UNSUPPORTED
            return Ruling([Verdict(word, 0.9, None, "not found") for _ in case.claims], 0.9)

    (result,) = all_of(judging(Knows()).results([task(0, ["It was built by 0 workers."])]))

    assert result.answer["causes"] == {"dropped": 1}
    assert result.verdicts[0]["cause"] == "dropped"
    assert "d0" in str(result.verdicts[0]["reason"])


def test_cause_is_unknown_when_the_judge_fails_on_what_was_left_out() -> None:
    """The verdict stands."""

    class Once(Moody):
        def judge(self, case: Case) -> Ruling:
            if "workers" in case.context.context[-1]:
                raise JudgeFailed("gone")
            return Ruling([Verdict(UNSUPPORTED, 0.1, None, "") for _ in case.claims], 0.9)

    (result,) = all_of(judging(Once()).results([task(0, ["workers"])]))

    assert (result.answer["status"], result.verdicts[0]["verdict"], result.verdicts[0]["cause"]) == (
        "judged",
        "unsupported",
        "",
    )

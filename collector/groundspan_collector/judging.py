"""Many answers at once -> what the judge says of them, with tries, and with the causes of what is ungrounded."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol, runtime_checkable

from groundspan_collector import causes, metrics, tasks
from groundspan_collector.errors import JudgeFailed, Stopping
from groundspan_collector.judgement import Judgement, decided, opened, unjudged
from groundspan_collector.judges import Case, Judge, ModelCall, PaidFailure, Ruling
from groundspan_collector.tasks import Result, Task

TRIES: Final = 3
PAUSES_S: Final = (0.5, 2.0)
"""Before the second and the third try, each made up to half shorter by chance."""
SLICE_S: Final = 5.0
AT_A_TIME: Final = 16
"""Answers that each thread has open: their contexts, read and indexed."""


@runtime_checkable
class BatchJudge(Protocol):
    """A judge that rules on several answers at once, sooner than on one after the other."""

    def judge_all(self, cases: Sequence[Case]) -> Sequence[Ruling]:
        """Rule on *cases*, in their order; raises JudgeFailed if no ruling can be given."""


@dataclass(slots=True)
class _Open:
    """An answer that is being judged."""

    task: Task
    case: Case | None = None
    judgement: Judgement | None = None
    attempts: int = 1
    beyond: Case | None = None
    calls: list[ModelCall] = field(default_factory=list)
    """What it cost, where somebody's model was asked."""


class Judging:
    """Judges in at most *threads* threads; *wait* waits so many seconds, or less where the process is ended."""

    def __init__(self, judge: Judge, clock: Callable[[], datetime], *, threads: int, wait: Callable[[float], object]):
        """Start nothing yet."""
        self._judge = judge
        self._clock = clock
        self._threads = threads
        self._wait = wait
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="groundspan-judge") if threads > 1 else None

    def results(self, due: Sequence[Task]) -> Iterator[list[Result]]:
        """What became of *due*, in their order, slice by slice: no answer is passed over, none holds up the others.

        A slice grows as long as it is judged quickly: what a slow judge has judged must not wait to be written. Where
        the process is to end, what is not judged is left.
        """
        size, first = self._threads, 0
        while first < len(due):
            begin_s = time.monotonic()
            try:
                judged = self._judged(due[first : first + size])
            except Stopping:
                return
            yield judged
            first += size
            quick = time.monotonic() - begin_s < SLICE_S / 4
            size = min(2 * size, AT_A_TIME * self._threads) if quick else max(self._threads, size // 2)

    def close(self) -> None:
        """End the threads."""
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _judged(self, due: Sequence[Task]) -> list[Result]:
        answers = [_opened(task) for task in due]
        for attempt in range(1, TRIES + 1):
            waiting = [each for each in answers if each.judgement is None]
            if not waiting:
                break
            if attempt > 1:
                self._wait(PAUSES_S[attempt - 2] * (0.5 + random.random() / 2))  # noqa: S311 - spreads load
            cases = [each.case for each in waiting if each.case]
            for each, said in zip(waiting, self._rulings(cases), strict=True):
                each.attempts = attempt
                self._settle(each, said)
        return self._explained(answers)

    def _settle(self, each: _Open, said: Ruling | Exception) -> None:
        """Note what the judge said; its last failure is the answer's judgement, and so is one that was paid for."""
        last = each.attempts == TRIES or isinstance(said, PaidFailure)
        each.calls += _calls(said)
        if isinstance(said, Ruling):
            assert each.case  # noqa: S101 - what has none has its judgement already
            try:
                each.judgement = decided(each.case, said, self._judge.threshold)
            except ValueError as error:
                # As many verdicts as claims is what the protocol asks of a judge.
                each.judgement = unjudged(each.task.text, f"the judge's ruling is none: {error}") if last else None
        elif last and isinstance(said, JudgeFailed):
            each.judgement = unjudged(each.task.text, str(said))
        elif last:
            metrics.SWALLOWED.labels("judge").inc()
            each.judgement = Judgement("unjudged", reason=f"unforeseen: {said!r}")

    def _explained(self, answers: Sequence[_Open]) -> list[Result]:
        for each in answers:
            if each.case and each.judgement:
                each.beyond = causes.beyond(each.case, each.judgement, each.task.left_out_texts)
        further = [each for each in answers if each.beyond]
        said = self._rulings([each.beyond for each in further if each.beyond])
        rulings = {each.task.key: ruling for each, ruling in zip(further, said, strict=True)}
        for each in further:
            each.calls += _calls(rulings[each.task.key])
        return [self._result(each, rulings.get(each.task.key)) for each in answers]

    def _result(self, each: _Open, ruling: Ruling | Exception | None) -> Result:
        assert each.judgement  # noqa: S101 - the last try gives one
        judgement, dropped = each.judgement, dict[int, int]()
        # Where the judge failed on what was left out, no cause is better than a wrong one.
        if each.case and not isinstance(ruling, Exception):
            judgement, dropped = causes.explained(each.case, judgement, ruling)
        found = tasks.result(each.task, judgement, attempts=each.attempts, dropped=dropped, now=self._clock())
        return replace(found, calls=tuple(each.calls))

    def _rulings(self, cases: Sequence[Case]) -> list[Ruling | Exception]:
        """What the judge says of each case, or why it says nothing."""
        if not self._pool or len(cases) < 2:
            return self._ruled(cases)
        parts = [cases[number :: self._threads] for number in range(self._threads)]
        said = list(self._pool.map(self._ruled, parts))
        return [said[number % self._threads][number // self._threads] for number in range(len(cases))]

    def _ruled(self, cases: Sequence[Case]) -> list[Ruling | Exception]:
        if isinstance(self._judge, BatchJudge) and len(cases) > 1:
            try:
                together = list(self._judge.judge_all(cases))
            except Stopping:
                raise
            except Exception:  # noqa: BLE001 - one of them is odd: each for itself tells which
                together = []
            if len(together) == len(cases):
                return [*together]
        return [self._ruling(case) for case in cases]

    def _ruling(self, case: Case) -> Ruling | Exception:
        try:
            return self._judge.judge(case)
        except Stopping:
            raise
        except Exception as error:  # noqa: BLE001 - the queue must move on, or one odd answer ends all judging
            return error


def _calls(said: Ruling | Exception) -> Sequence[ModelCall]:
    return said.calls if isinstance(said, Ruling | PaidFailure) else ()


def _opened(task: Task) -> _Open:
    try:
        found = opened(task.question, task.context, task.text)
    except Exception as error:  # noqa: BLE001 - as above: reading an answer must not end all judging
        metrics.SWALLOWED.labels("judge").inc()
        return _Open(task, judgement=Judgement("unjudged", reason=f"unforeseen: {error!r}"))
    return _Open(task, judgement=found) if isinstance(found, Judgement) else _Open(task, case=found)

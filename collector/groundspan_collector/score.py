"""Loop: take what is due from the desk, judge it, give it back."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from groundspan_collector import metrics
from groundspan_collector.desk import BATCH, Desk, Spend
from groundspan_collector.judges import Judge
from groundspan_collector.judging import Judging
from groundspan_collector.sampling import Rule
from groundspan_collector.settings import WHOLE, JudgeShare
from groundspan_collector.store import Store
from groundspan_collector.tasks import JudgedBy

TURN_S: Final = 0.3
"""About so long is judged before others get the core: requests wait for what is longer."""
FEWEST: Final = 4
# It is let go in any case, at the latest by the end of the process.
_LEASE = timedelta(hours=6)


class Scorer:
    """Judges what is due, in this process."""

    def __init__(
        self,
        store: Store,
        judge: Judge,
        clock: Callable[[], datetime],
        *,
        settled: Callable[[], datetime],
        quiet_s: float,
        share: JudgeShare = WHOLE,
        late: timedelta = timedelta(0),
        sample: tuple[Rule, ...] = (),
        threads: int = 1,
        spend: Spend | None = None,
        wait: Callable[[float], object] = lambda _: None,
    ) -> None:
        """Judge *share* of what is due, in at most *threads* threads; the rest is as for Desk and Judging."""
        self.desk = Desk(store, clock, settled=settled, quiet_s=quiet_s, late=late, sample=sample, spend=spend)
        self._judge = judge
        self._judging = Judging(judge, clock, threads=threads, wait=wait)
        self._share = share
        self._most = 4 * FEWEST

    def pending(self) -> int:
        """How many traces of its share are not judged yet, or got spans since."""
        return self.desk.pending(self._share)

    def oldest_pending_s(self) -> float:
        """How long the trace of its share that waits longest to be judged has waited; 0 if none does."""
        return self.desk.oldest_pending_s(self._share)

    def score_due(self) -> int:
        """Judge quiet traces, as many as take about a turn, and write them as they are judged; how many are done."""
        begin_s = time.monotonic()
        judged_by = JudgedBy(self._judge.name, self._judge.version)
        taken = self.desk.take(judged_by, self._share, most=self._most, lease=_LEASE)
        done = taken.done
        try:
            for results in self._judging.results(taken.tasks):
                self.desk.give(results)
                done += len(results)
        finally:
            self.desk.release([task.key for task in taken.tasks])
        if taken.tasks:
            fitting = TURN_S / (time.monotonic() - begin_s) * len(taken.tasks)
            self._most = max(FEWEST, min(round(fitting), 2 * self._most, BATCH))
        return done

    def close(self) -> None:
        """End the judge's threads."""
        self._judging.close()


def loop(
    work: Callable[[], int], *, stop: Callable[[float], bool], idle_s: float, place: str, share: Callable[[], float]
) -> None:
    """Call *work* until *stop* (which waits so many seconds) says so; without a pause while there is work.

    *share* is asked after each call for the part of the time, above 0 and up to 1, that *work* may take.
    """
    pause_s = 0.0
    while not stop(pause_s):
        begin_s = time.monotonic()
        try:
            found = work()
            pause_s = (time.monotonic() - begin_s) * (1 / share() - 1) if found else idle_s
        except Exception:  # noqa: BLE001 - a background loop must outlive what nobody foresaw; it is counted
            metrics.SWALLOWED.labels(place).inc()
            pause_s = 5 * idle_s

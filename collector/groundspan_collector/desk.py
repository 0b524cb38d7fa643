"""Hands out the answers that are due to be judged, and takes in what became of them. The table is the queue.

A trace is due when text arrived and nothing more for a while, and again whenever more spans of it arrive. What a crash
interrupts is due again, since an answer's row is written last. What was handed out is not handed out again for a
while, and what was judged of the same inputs is not written again.
"""

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from groundspan_collector import gathering, judging_cost, metrics, queries, sampling, tasks
from groundspan_collector.answers import Answer, answer_of
from groundspan_collector.prices import EPOCH
from groundspan_collector.sampling import Rule
from groundspan_collector.settings import WHOLE, JudgeShare
from groundspan_collector.store import Row, Store
from groundspan_collector.tasks import JudgedBy, Key, Result, Task

BATCH: Final = 100
LEASE: Final = timedelta(seconds=20)
"""So long what was handed out is not handed out again, unless its holder says that it is still at work."""
MOST_LEASED: Final = 2_000
MOST_SHARES: Final = 256
# A trace row is visible before its spans; an insert takes less than this.
_SLOWEST_INSERT: Final = timedelta(minutes=1)


Spend = Callable[[str, bytes, int], None]
"""Takes an OTLP request of a project with so many spans: what judging cost."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who has a task, and until when nobody else is given it."""

    holder: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """What was handed out, and how many traces needed no judge and are done."""

    tasks: list[Task]
    done: int


class Desk:
    """The queue of answers, for any number of workers in this process and others."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        *,
        settled: Callable[[], datetime],
        quiet_s: float,
        late: timedelta = timedelta(0),
        sample: tuple[Rule, ...] = (),
        spend: Spend | None = None,
    ) -> None:
        """Look through the whole store at first, then only at what came since.

        Up to *settled()*, everything that was received here can be seen: only that is judged. What other collectors
        received may be so *late*. Of what is judged, take the *sample*. *spend* is given the calls of
        models that a judge paid for.
        """
        self._store = store
        self._clock = clock
        self._settled = settled
        self._quiet = timedelta(seconds=quiet_s)
        self._late = late
        self._sample = sample
        self._spend = spend
        self._since: dict[tuple[JudgeShare, str], datetime] = {}
        self._leases: dict[Key, Lease] = {}
        self._taking = threading.Lock()
        self._giving = threading.Lock()

    def pending(self, share: JudgeShare = WHOLE) -> int:
        """How many traces with text are not judged yet, or got spans since."""
        return len(self._unscored(share, "", quiet_before=self._clock(), most=100_000))

    def oldest_pending_s(self, share: JudgeShare = WHOLE) -> float:
        """How long the trace that waits longest to be judged has waited; 0 if none does."""
        now = self._clock()
        waiting = self._unscored(share, "", quiet_before=now, most=1)
        return max(0.0, (now - gathering.time(waiting[0]["last_received"])).total_seconds()) if waiting else 0.0

    def take(
        self,
        judge: JudgedBy,
        share: JudgeShare = WHOLE,
        *,
        most: int = BATCH,
        project: str = "",
        holder: str = "",
        lease: timedelta = LEASE,
    ) -> Taken:
        """Quiet traces whose answers *judge* is to judge, the longest waiting first; those of *project*, unless empty.

        The *holder* gives their results, or nothing: then they are handed out again after the *lease*.
        """
        with self._taking:
            now = self._clock()
            leased = self._leased(now)
            quiet_before = min(now - self._quiet, self._settled())
            limit = most + len(leased)
            traces = self._unscored(share, project, quiet_before=quiet_before, most=limit)
            if len(traces) < limit:
                # What is leased, or waits for its spans, is looked for again.
                oldest = min((gathering.time(row["last_received"]) for row in traces), default=quiet_before)
                self._look_from((share, project), min(quiet_before, oldest) - _SLOWEST_INSERT - self._late)
            free = [row for row in traces if gathering.key_of(row) not in leased][
                : min(most, MOST_LEASED - len(leased))
            ]
            taken = self._taken(free, judge, now) if free else Taken([], 0)
            self._leases |= dict.fromkeys((task.key for task in taken.tasks), Lease(holder, now + lease))
            return taken

    def give(self, results: Sequence[Result]) -> int:
        """Store *results*, each once: how many were stored, and not already judged of the same inputs."""
        with self._giving:
            before = {_judged_as(row): str(row["status"]) for row in self.judgements([each.answer for each in results])}
            fresh = {
                _judged_as(each.answer): each
                for each in results
                if _is_news(before.get(_judged_as(each.answer)), str(each.answer["status"]))
            }
            # What was judged before is told by its answer, which comes last.
            self._store.insert("verdicts", [row for each in fresh.values() for row in each.verdicts])
            self._store.insert("answers", [each.answer for each in fresh.values()])
        for each in fresh.values():
            if each.calls and self._spend:
                paid = judging_cost.request(each.answer, each.calls, secrets.token_bytes)
                self._spend(each.key[0], paid, len(each.calls))
            metrics.JUDGED.labels(each.answer["status"]).inc()
        self.release([each.key for each in results])
        return len(fresh)

    def release(self, keys: Iterable[Key]) -> None:
        """Let others have what was taken."""
        with self._taking:
            for key in keys:
                self._leases.pop(key, None)

    def renew(self, holder: str, *, release: bool = False) -> int:
        """The *holder* is still at work, or, to *release*, no more: on how many tasks."""
        with self._taking:
            held = [key for key, lease in self._leases.items() if lease.holder == holder]
            for key in held:
                if release:
                    del self._leases[key]
                else:
                    self._leases[key] = Lease(holder, self._clock() + LEASE)
            return len(held)

    def judgements(self, rows: Sequence[Row]) -> list[Row]:
        """All judgements of the answers of the traces that *rows* are about."""
        if not rows:
            return []
        projects = sorted({str(row["project"]) for row in rows})
        trace_ids = [str(row["trace_id"]) for row in rows]
        return self._store.rows(queries.sql("answers_of"), {"projects": projects, "trace_ids": trace_ids})

    def _leased(self, now: datetime) -> dict[Key, Lease]:
        self._leases = {key: lease for key, lease in self._leases.items() if lease.until > now}
        return self._leases

    def _look_from(self, place: tuple[JudgeShare, str], since: datetime) -> None:
        if len(self._since) >= MOST_SHARES and place not in self._since:
            self._since.clear()
        self._since[place] = since

    def _unscored(self, share: JudgeShare, project: str, *, quiet_before: datetime, most: int) -> list[Row]:
        parameters = {
            "since": self._since.get((share, project), EPOCH),
            "quiet_before": quiet_before,
            "most": most,
            "project": project,
            "part": share.number - 1,
            "parts": share.of,
        }
        return self._store.rows(queries.sql("unscored"), parameters)

    def _taken(self, traces: Sequence[Row], judge: JudgedBy, now: datetime) -> Taken:
        """The tasks of *traces*; what needs no judge is written at once."""
        spans, received = gathering.spans(self._store, traces)
        before: dict[Key, list[Row]] = {}
        for row in self.judgements(traces):
            before.setdefault(gathering.key_of(row), []).append(row)
        carried: list[Row] = []
        settled: list[Row] = []
        found: list[tuple[Row, Answer]] = []
        for trace in traces:
            key = gathering.key_of(trace)
            covers = covered_until(received.get(key), gathering.time(trace["last_received"]), now)
            if covers is None:
                continue
            row = _identity(trace, judge, covers)
            answer = answer_of(spans.get(key, []))
            if answer is None:
                settled.append(row | tasks.without_judgement("no_answer") | {"judged_at": now})
                continue
            row |= tasks.dimensions(answer)
            row["sample_ratio"] = sampling.ratio_of(self._sample, row)
            same = _carried(row | {"judged_at": now}, before.get(key, []))
            carried += same
            if any(_is_by(each, judge) for each in same):
                continue
            if sampling.is_chosen(key[1], float(str(row["sample_ratio"]))):
                found.append((row, answer))
            else:
                textless = row | {"question": "", "answer": "", "judged_at": now}
                settled.append(tasks.without_judgement("not_sampled") | textless)
        self._store.insert("answers", carried)
        self._store.insert("answers", settled)
        given = gathering.tasks(self._store, found) if found else []
        return Taken(given, len(settled) + sum(_is_by(each, judge) for each in carried))


def _carried(row: Row, before: Sequence[Row]) -> list[Row]:
    """The judgements that were made of the same inputs, for what holds now: no judge is asked again."""
    now = {name: value for name, value in row.items() if name not in {"judge", "judge_version", "beside"}}
    return [
        old
        | now
        | {"beside": old["beside"] and not _is_by(old, JudgedBy(str(row["judge"]), str(row["judge_version"])))}
        for old in before
        if old["input_hash"] == row["input_hash"] and old["status"] != "not_sampled"
    ]


def _identity(trace: Row, judge: JudgedBy, covers: datetime) -> Row:
    return {
        "project": trace["project"],
        "trace_id": trace["trace_id"],
        "root_start": trace["root_start"],
        "judge": judge.name,
        "judge_version": judge.version,
        "sample_ratio": 1.0,
        "beside": False,
        "last_received": covers,
    }


def _is_by(row: Row, judge: JudgedBy) -> bool:
    return (row["judge"], row["judge_version"]) == (judge.name, judge.version)


def _judged_as(row: Row) -> tuple[object, ...]:
    """What two judgements have in common that are one."""
    return (*gathering.key_of(row), row["judge"], row["judge_version"], row["input_hash"])


def _is_news(before: str | None, now: str) -> bool:
    """Whether a judgement says what that of *before* did not; one that failed may be made good."""
    return before in {None, "not_sampled"} or (before == "unjudged" and now != "unjudged")


def covered_until(received: datetime | None, last_received: datetime, now: datetime) -> datetime | None:
    """Up to which receipt a judgement made now of the visible spans holds; None if it should wait.

    *received* is the last receipt among the visible spans. They lag behind *last_received* while an insert runs, and
    for good if it was cut off.
    """
    if received is not None and received >= last_received:
        return received
    return last_received if now - last_received > _SLOWEST_INSERT else None

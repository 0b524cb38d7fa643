"""Judges for a collector from a process of its own, on this machine or another: what arrives, or the past again.

A worker keeps nothing. What it was killed over is handed out again; what it gave twice is stored once.
"""

import random
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from groundspan_collector import client, judge_names, tasks
from groundspan_collector.errors import CollectorError, StoreUnavailable
from groundspan_collector.judges import Judge
from groundspan_collector.judging import Judging
from groundspan_collector.settings import JudgeShare

IDLE_S: Final = 1.0
RENEW_S: Final = 5.0
"""So often the collector is told that what was taken is still being judged."""
GIVES_UP_AFTER_S: Final = 600.0
"""So long a collector that does not answer is asked again."""
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 15.0
TIMEOUT_S: Final = 120.0
PATH: Final = "/api/v1/scoring"


@dataclass(frozen=True, slots=True)
class Work:
    """For which collector, and how."""

    url: str
    token: str | None
    judge: str
    share: JudgeShare
    threads: int


class Worker:
    """Takes from a collector, judges, and gives back."""

    def __init__(self, work: Work, judge: Judge, stopping: threading.Event) -> None:
        """Judge until *stopping*."""
        self._work = work
        self._stopping = stopping
        self._judging = Judging(judge, lambda: datetime.now(UTC), threads=work.threads, wait=stopping.wait)
        self._identity = {
            "judge": judge.name,
            "judge_version": judge.version,
            "share": f"{work.share.number}/{work.share.of}",
            "holder": uuid.uuid4().hex,
        }
        self._closed = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="groundspan-renew", daemon=True)
        self._renewing.start()

    def score(self, *, until_idle: bool) -> int:
        """Judge what arrives, until told to stop, or until nothing is due; how many answers were judged."""
        judged = 0
        while not self._stopping.is_set():
            taken = self.ask("take", {})
            judged += self._judged(taken)
            if not taken["tasks"] and not taken["done"]:
                if until_idle:
                    break
                self._stopping.wait(IDLE_S * (0.5 + random.random() / 2))  # noqa: S311 - spreads load
        return judged

    def rescore(self, window: Mapping[str, str], show: Callable[[int, int], None]) -> bool:
        """Judge the answers of *window* that this judge has not judged; whether it came to the end.

        *show* is told how many there are, and how many are done.
        """
        begin = self.ask("rescore", window)
        total, done, after = int(begin["total"]), int(begin["done"]), begin["after"]
        # What was said as "24h" must not move meanwhile.
        fixed = {"since": begin["since"], "until": begin["until"]}
        show(total, done)
        while after and not self._stopping.is_set():
            batch = self.ask("rescore", {**fixed, "after": after})
            self._judged(batch)
            done, after = done + int(batch["looked_at"]), batch["after"]
            show(total, done)
        return not self._stopping.is_set()

    def close(self) -> None:
        """End the threads, and let go of what was not judged."""
        self._closed.set()
        self._renewing.join()
        self._judging.close()
        self._tell_at_work(release=True)

    def _renew(self) -> None:
        while not self._closed.wait(RENEW_S):
            self._tell_at_work(release=False)

    def _tell_at_work(self, *, release: bool) -> None:
        # Where it cannot be told, somebody else is given the same work: a waste, and no fault.
        with suppress(CollectorError):
            self._sent("renew", {"release": release}, timeout_s=RENEW_S)

    def _sent(self, what: str, document: Mapping[str, object], timeout_s: float) -> dict[str, Any]:
        return client.get(
            self._work.url,
            f"{PATH}/{what}",
            {},
            token=self._work.token,
            method="POST",
            timeout_s=timeout_s,
            body=self._identity | dict(document),
        )

    def _judged(self, batch: Mapping[str, Any]) -> int:
        """Judge a batch slice by slice, so that little is lost when the process ends."""
        given = [tasks.task_of(document) for document in batch["tasks"]]
        done = 0
        for results in self._judging.results(given):
            self.ask("give", {"results": [tasks.result_document(result) for result in results]})
            done += len(results)
            if self._stopping.is_set():
                break
        return done

    def ask(self, what: str, document: Mapping[str, object]) -> dict[str, Any]:
        """What the collector answers; while it does not, it is asked again for some time."""
        until_s, pause_s = time.monotonic() + GIVES_UP_AFTER_S, FIRST_PAUSE_S
        while True:
            try:
                return self._sent(what, document, TIMEOUT_S)
            except StoreUnavailable:
                if time.monotonic() + pause_s > until_s or self._stopping.is_set():
                    raise
            self._stopping.wait(pause_s * (0.5 + random.random() / 2))  # noqa: S311 - spreads load
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def score(work: Work, *, until_idle: bool, output: TextIO) -> int:
    """Judge what arrives, until told to stop, or until nothing is due. Gives the exit code."""
    with _stoppable() as stopping:
        judge = judge_names.load(work.judge, wait=stopping.wait)
        with _working(work, judge, stopping) as worker:
            print(f"worker ready: {judge.name} {judge.version} for {work.url}", file=output, flush=True)
            judged = worker.score(until_idle=until_idle)
    print(f"{judged:,} answers were judged", file=output, flush=True)
    return 0


def rescore(work: Work, window: Mapping[str, str], *, errors: TextIO) -> int:
    """Judge the past again, beside what was judged. Gives the exit code: 1 where it was stopped before its end."""
    shown = Shown(errors, time.monotonic)
    with _stoppable() as stopping:
        judge = judge_names.load(work.judge, wait=stopping.wait)
        with _working(work, judge, stopping) as worker:
            ended = worker.rescore(window, shown)
    shown.end()
    if not ended:
        print("stopped: the same command goes on where it ended", file=errors)
    return 0 if ended else 1


class Shown:
    """Progress for a person: done, total, rate and the time left; on one line of a terminal, else now and then."""

    EVERY_S = 10.0

    def __init__(self, output: TextIO, clock: Callable[[], float]) -> None:
        """Nothing is done yet."""
        self._output = output
        self._clock = clock
        self._begin: tuple[float, int] | None = None
        self._last_s = float("-inf")
        self._line = ""

    def __call__(self, total: int, done: int) -> None:
        """Show it."""
        now_s = self._clock()
        self._begin = self._begin or (now_s, done)
        self._line = progress_line(total, done, now_s - self._begin[0], done - self._begin[1])
        if self._output.isatty():
            self._output.write(f"\r\x1b[K{self._line}")
        elif now_s - self._last_s >= self.EVERY_S or done >= total:
            self._last_s = now_s
            self._output.write(f"{self._line}\n")
        self._output.flush()

    def end(self) -> None:
        """Leave the terminal's line."""
        if self._output.isatty():
            self._output.write("\n")


def progress_line(total: int, done: int, passed_s: float, done_now: int) -> str:
    """How far it is, and how long it will take if it goes on like this."""
    share = f"{done:,} of {total:,} answers ({done / total:.0%})" if total else "no answers in this window"
    if not done_now or passed_s <= 0:
        return share
    rate = done_now / passed_s
    left_s = max(0, total - done) / rate
    left = (
        f"{left_s / 3600:.1f} h" if left_s >= 3600 else f"{left_s / 60:.0f} min" if left_s >= 90 else f"{left_s:.0f} s"
    )
    return f"{share}, {rate:,.1f} a second, {left} left"


@contextmanager
def _working(work: Work, judge: Judge, stopping: threading.Event) -> Iterator[Worker]:
    worker = Worker(work, judge, stopping)
    try:
        yield worker
    finally:
        worker.close()


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; a second one ends the process as ever."""
    stopping = threading.Event()

    def stop(number: int, _: object) -> None:
        stopping.set()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Judges in a row: each decides the claims that it is certain of, and only the others reach the next, dearer one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from groundspan_collector.errors import JudgeFailed
from groundspan_collector.judges import (
    UNJUDGED,
    Case,
    Judge,
    ModelCall,
    PaidFailure,
    Ruling,
    Verdict,
    paid,
    worst_doubt,
)


@dataclass(frozen=True, slots=True)
class Band:
    """The P(supported) with which a judge is not certain: from *low* up to, not including, *high*."""

    low: float
    high: float

    def leaves(self, verdict: Verdict) -> bool:
        """Whether the next judge is to see the claim."""
        return verdict.word == UNJUDGED or self.low <= verdict.support < self.high

    def __str__(self) -> str:
        return f"[{self.low:g},{self.high:g}]"


CERTAIN: Final[Mapping[str, Band]] = {"lexical": Band(0.0, 0.88), "local": Band(0.05, 0.95)}
"""Where nothing else is said. The first was measured (train/cascade_bands.py): what lexical supports so surely is wrong
in 1 %, and what it doubts most in a third, so all of that is passed on. The second is what calibration promises."""


@dataclass(frozen=True, slots=True)
class Step:
    """A judge of the row, and when it passes a claim on; the last one decides whatever reaches it."""

    judge: Judge
    band: Band | None

    def __str__(self) -> str:
        return f"{self.judge.name}{self.band or ''}"


@dataclass(frozen=True, slots=True)
class Cascade:
    """*steps*, cheapest first; *decided* is told the judge's name and how many claims it decided."""

    steps: tuple[Step, ...]
    decided: Callable[[str, int], object]

    @property
    def name(self) -> str:
        """The names, with their bands."""
        return ">".join(map(str, self.steps))

    @property
    def version(self) -> str:
        """The versions of all, with their bands: another band is another ruling."""
        return ">".join(f"{step.judge.version}{step.band or ''}" for step in self.steps)

    @property
    def threshold(self) -> float:
        """The last judge's."""
        return self.steps[-1].judge.threshold

    def judge(self, case: Case) -> Ruling:
        """Rule on *case*; where a judge fails, the cascade does.

        P(ungrounded) is the larger of what the last judge that was asked says of the claims that it saw, if it is the
        last of all, and the doubt in the most doubtful claim that an earlier one decided.
        """
        verdicts: dict[int, Verdict] = {}
        calls: list[ModelCall] = []
        waiting = list(range(len(case.claims)))
        doubt = 0.0
        for step in self.steps:
            if not waiting:
                break
            ruling = self._asked(step.judge, _part(case, waiting), calls)
            calls += ruling.calls
            found = dict(zip(waiting, ruling.verdicts, strict=True))
            left = [number for number, verdict in found.items() if step.band and step.band.leaves(verdict)]
            sure = {number: verdict for number, verdict in found.items() if number not in set(left)}
            self.decided(step.judge.name, len(sure))
            doubt = max(doubt, worst_doubt(list(sure.values())) if step.band else ruling.ungrounded_probability)
            verdicts |= sure
            waiting = left
        return Ruling(list(_ordered(verdicts)), doubt, calls)

    def _asked(self, judge: Judge, case: Case, calls: Sequence[ModelCall]) -> Ruling:
        try:
            return judge.judge(case)
        except JudgeFailed as failure:
            raise PaidFailure(f"{judge.name}: {failure}", [*calls, *paid(failure)]) from failure


def _part(case: Case, numbers: Sequence[int]) -> Case:
    return Case(case.question, case.context, case.answer, tuple(case.claims[number] for number in numbers))


def _ordered(verdicts: Mapping[int, Verdict]) -> Iterator[Verdict]:
    return (verdicts[number] for number in sorted(verdicts))

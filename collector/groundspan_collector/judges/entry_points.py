"""A user's own judges: what other distributions offer under the group `groundspan.judges`.

An entry point is a function that makes a judge from the text behind the colon (`NAME:OPTIONS`; empty without one). What
it makes is foreign code: whatever it raises is a failure to judge, and what it says is looked at before it is believed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from groundspan_collector.errors import ConfigError, JudgeFailed, Stopping
from groundspan_collector.judges import (
    CONTRADICTED,
    SUPPORTED,
    UNJUDGED,
    UNSUPPORTED,
    Case,
    Judge,
    Ruling,
    Verdict,
)

GROUP: Final = "groundspan.judges"
WORDS: Final = frozenset({SUPPORTED, CONTRADICTED, UNSUPPORTED, UNJUDGED})
SHOWN_CHARS: Final = 300


@dataclass(frozen=True, slots=True)
class Checked:
    """A judge from elsewhere, at the border."""

    inner: Judge
    name: str
    version: str
    threshold: float

    def judge(self, case: Case) -> Ruling:
        """What it rules on *case*; raises JudgeFailed where it raises, or rules what cannot be."""
        try:
            ruling = self.inner.judge(case)
            _check(ruling, case)
        except (JudgeFailed, Stopping):
            raise
        except Exception as error:
            # Foreign code may raise anything; the reason is stored.
            raise JudgeFailed(f"{self.name} failed: {error!r:.{SHOWN_CHARS}}") from error
        return ruling


def names() -> list[str]:
    """Those that are installed."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load(name: str, options: str) -> Judge | None:
    """The judge that is offered as *name*, made with *options*; None if none is. Raises ConfigError if it is faulty."""
    found = tuple(entry_points(group=GROUP, name=name))
    if not found:
        return None
    origins = {entry.value for entry in found}
    if len(origins) > 1:
        raise ConfigError(f"several installed distributions offer a judge {name!r}: {', '.join(sorted(origins))}")
    return _made(found[0], options)


def _made(entry: EntryPoint, options: str) -> Judge:
    where = f"the judge {entry.name!r} ({entry.value})"
    try:
        made = entry.load()(options)
        wrapped = Checked(made, str(made.name), str(made.version), float(made.threshold))
        judges = callable(made.judge)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"{where} cannot be made with {options!r:.60}: {error!r:.{SHOWN_CHARS}}") from error
    if not judges or not wrapped.name or not wrapped.version or not 0 <= wrapped.threshold <= 1:
        raise ConfigError(f"{where} must have a judge method, a name, a version, and a threshold from 0 to 1")
    return wrapped


def _check(ruling: Ruling, case: Case) -> None:
    """Raise ValueError for what no ruling can be."""
    if len(ruling.verdicts) != len(case.claims):
        raise ValueError(f"{len(ruling.verdicts)} verdicts for {len(case.claims)} claims")
    if not _is_probability(ruling.ungrounded_probability):
        raise ValueError(f"an ungrounded_probability of {ruling.ungrounded_probability!r}")
    for verdict in ruling.verdicts:
        _check_one(verdict, case.context.context)


def _check_one(verdict: Verdict, context: Sequence[str]) -> None:
    if verdict.word not in WORDS:
        raise ValueError(f"the verdict {verdict.word!r}; known are {', '.join(sorted(WORDS))}")
    if not _is_probability(verdict.support):
        raise ValueError(f"a support of {verdict.support!r}")
    at = verdict.evidence
    if at and not (0 <= at.chunk < len(context) and 0 <= at.start <= at.end <= len(context[at.chunk])):
        raise ValueError(f"evidence where no text is: {at}")


def _is_probability(value: float) -> bool:
    return math.isfinite(value) and 0 <= value <= 1

"""The fitted numbers of the judges in the package, as `train/fit_lexical.py` and `train/fit_local.py` write them."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from groundspan_collector.judges import error_rates
from groundspan_collector.rates import ErrorRates

FILE, COMBINATION_FILE = "lexical.json", "local.json"


@dataclass(frozen=True, slots=True)
class Logistic:
    """P = 1 / (1 + exp(-(intercept + sum of weight x value)))."""

    intercept: float
    weights: tuple[float, ...]

    def log_odds(self, values: Sequence[float]) -> float:
        """The sum that P is made of; above 0 means more likely than not."""
        return self.intercept + sum(weight * value for weight, value in zip(self.weights, values, strict=True))


def probability(log_odds: float) -> float:
    """The probability that *log_odds* stand for, whatever their size."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-min(log_odds, 700.0)))
    return 1 - 1 / (1 + math.exp(max(log_odds, -700.0)))


def log_odds(found: float) -> float:
    """What *found*, a probability, is in log odds; bounded, so that certainty stays a number."""
    kept = min(max(found, 1e-9), 1 - 1e-9)
    return math.log(kept / (1 - kept))


@dataclass(frozen=True, slots=True)
class Weights:
    """Everything that was fitted: two views of a claim, their sum over an answer, and two thresholds."""

    unlikeness: Logistic
    faults: Logistic
    answer: Logistic
    claim_threshold: float
    """A claim is ungrounded if its support is below 1 - this."""
    threshold: float
    """An answer is called ungrounded from this probability on."""

    @property
    def digest(self) -> str:
        """Differs between any two sets of weights."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Combination:
    """How the local judge weighs what was counted and what was read, of a claim and of an answer."""

    unlikeness: Logistic
    faults: Logistic
    claim: Logistic
    answer: Logistic
    claim_threshold: float
    """A claim is ungrounded if its support is below 1 - this."""
    threshold: float
    """An answer is called ungrounded from this probability on."""
    digest: str
    """Differs between any two networks or fits."""


def read(text: str) -> Weights:
    """The weights in *text*, which is what the file holds."""
    found = json.loads(text)
    logistics = {name: _logistic(found[name]) for name in ("unlikeness", "faults", "answer")}
    return Weights(**logistics, claim_threshold=found["claim_threshold"], threshold=found["threshold"])


def shipped() -> Weights:
    """The weights in the package."""
    return read(_text(FILE))


def published(file: str) -> ErrorRates | None:
    """The error rates of the weights in *file* of the package, as they were measured out of fold."""
    return error_rates.read(_text(file))


def _text(file: str) -> str:
    return resources.files(__package__).joinpath(file).read_text(encoding="utf-8")


def shipped_combination() -> Combination:
    """The combination in the package."""
    found = json.loads(_text(COMBINATION_FILE))
    return Combination(
        unlikeness=_logistic(found["unlikeness"]),
        faults=_logistic(found["faults"]),
        claim=_logistic(found["claim"]),
        answer=_logistic(found["answer"]),
        claim_threshold=found["claim_threshold"],
        threshold=found["threshold"],
        digest=found["digest"],
    )


def _logistic(found: dict[str, Any]) -> Logistic:
    return Logistic(found["intercept"], tuple(found["weights"].values()))

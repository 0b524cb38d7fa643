"""The fitted numbers of the lexical judge, as `train/fit_lexical.py` writes them."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from groundspan_collector.judges import error_rates
from groundspan_collector.rates import ErrorRates

FILE = "lexical.json"


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


def read(text: str) -> Weights:
    """The weights in *text*, which is what the file holds."""
    found = json.loads(text)
    logistics = {name: _logistic(found[name]) for name in ("unlikeness", "faults", "answer")}
    return Weights(**logistics, claim_threshold=found["claim_threshold"], threshold=found["threshold"])


def shipped() -> Weights:
    """The weights in the package."""
    return read(_text())


def published() -> ErrorRates | None:
    """The error rates of the weights in the package, as they were measured out of fold."""
    return error_rates.read(_text())


def _text() -> str:
    return resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")


def _logistic(found: dict[str, Any]) -> Logistic:
    return Logistic(found["intercept"], tuple(found["weights"].values()))

"""Which answers are judged where not all are: rules of the operator's, the same decision in every process. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from groundspan_collector.errors import ConfigError

_DIMENSIONS: Final = ("project", "service", "version", "environment", "provider", "model")
_SEGMENT: Final = "segment."
_SHAPE: Final = "like 0.1, or like environment=production:0.1,service=search:0.5,1 (the first rule that fits counts)"


@dataclass(frozen=True, slots=True)
class Rule:
    """Of the answers whose *dimension* is *value* (any, without a dimension) the share *ratio* is judged."""

    ratio: float
    dimension: str = ""
    value: str = ""

    def fits(self, answer: Mapping[str, object]) -> bool:
        """Whether it is about *answer*, a row of `answers`."""
        if not self.dimension:
            return True
        if not self.dimension.startswith(_SEGMENT):
            return answer[self.dimension] == self.value
        segments = answer["segments"]
        return isinstance(segments, Mapping) and segments.get(self.dimension.removeprefix(_SEGMENT)) == self.value


def parse_rules(text: str) -> tuple[Rule, ...]:
    """The rules that *text* says; none for ''. Raises ConfigError, which says what is accepted."""
    return tuple(_rule(part.strip(), text) for part in text.split(",")) if text.strip() else ()


def _rule(part: str, text: str) -> Rule:
    condition, _, ratio = part.rpartition(":")
    dimension, equals, value = condition.partition("=")
    known = dimension in _DIMENSIONS or (dimension.startswith(_SEGMENT) and dimension != _SEGMENT)
    if condition and not (equals and known):
        raise ConfigError(
            f"GROUNDSPAN_JUDGE_SAMPLE must be {_SHAPE}; {condition!r} is no condition: accepted are "
            f"{', '.join(_DIMENSIONS)} and {_SEGMENT}NAME"
        )
    try:
        share = float(ratio)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ConfigError(f"GROUNDSPAN_JUDGE_SAMPLE must be {_SHAPE}, with shares from 0 to 1, got {text!r}")
    return Rule(share, dimension, value)


def ratio_of(rules: tuple[Rule, ...], answer: Mapping[str, object]) -> float:
    """The share of answers like *answer* that is judged: that of the first rule that fits, 1 where none does."""
    return next((rule.ratio for rule in rules if rule.fits(answer)), 1.0)


def is_chosen(trace_id: str, ratio: float) -> bool:
    """Whether the trace is among the share *ratio*; one that is in a share is in every larger one."""
    place = int.from_bytes(hashlib.sha256(trace_id.encode()).digest()[:8], "big") / (1 << 64)
    return place < ratio

"""What is known of a stage's spans before any call: made once for each decorated function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from opentelemetry.trace import SpanKind

from groundspan._capture import Capture, Value
from groundspan._parameters import Arguments, Keywords, Parameters
from groundspan._stages import GENERATE, PIPELINE, TOP_KS, Stage
from groundspan._text import clean, integer


@dataclass(frozen=True, slots=True)
class Plan:
    """A stage as one decorator, or one ``with`` form, asks for it."""

    stage: Stage
    span_name: str
    fixed: Mapping[str, Value]
    parameters: Parameters = field(default_factory=Parameters)
    context: str | Callable[..., object] | None = None
    """Where the chunks of an answer come from, if not from the pipeline: a parameter's name or a function."""
    relevant: object = None
    """Ids, or a function of the call's arguments that gives them."""
    capture: Capture | None = None
    """Which texts are kept; None: what init() was told."""
    kind: SpanKind = field(init=False)
    asks: tuple[str, ...] = field(init=False)
    """Those names of the stage's argument that a call may have."""
    asked_at: int | None = field(init=False)
    """Where in a call the most telling one stands; a string there is what is asked."""
    tops: tuple[str, ...] = field(init=False)
    """Those names of a number of chunks that a call may have."""
    is_stated: bool = field(init=False)
    """Whether more of a call is read than what it asks for."""
    settles: bool = field(init=False)
    """Whether its end says something of what an answer stands on."""
    known_opening: tuple[str, Mapping[str, Value]] | None = field(init=False)
    """What opening() gives for every call; None where a call may name more."""

    def __post_init__(self) -> None:
        knows, stage = self.parameters.knows, self.stage
        asks = tuple(name for name in stage.asks if knows(name))
        tops = tuple(name for name in TOP_KS if knows(name)) if stage.fetches else ()
        is_named = stage.target_key is None or stage.target_key in self.fixed or not stage.target_names
        # Frozen: what is known before any call is worked out once, here.
        put = partial(object.__setattr__, self)
        put("kind", stage.kind)
        put("asks", asks)
        put("asked_at", self.parameters.positions.get(asks[0]) if asks else None)
        put("tops", tops)
        put("settles", stage.fetches or stage in (GENERATE, PIPELINE))
        put("is_stated", bool(tops) or self.relevant is not None or self.context is not None)
        put("known_opening", (self.span_name, self.fixed) if is_named else None)

    def opening(self, args: Arguments, kwargs: Keywords) -> tuple[str, Mapping[str, Value]]:
        """Give the name and the attributes that a span starts with, which samplers see."""
        target_key = self.stage.target_key
        target = self.parameters.first(self.stage.target_names, str, args, kwargs)
        if target_key is None or target_key in self.fixed or not isinstance(target, str):
            return self.span_name, self.fixed
        target = clean(target)
        return f"{self.span_name} {target}", {**self.fixed, target_key: target}

    def asked(self, args: Arguments, kwargs: Keywords) -> object:
        """Find what the call asks for; None where it says nothing."""
        find = self.stage.find
        return None if find is None else find(self.asks, self.parameters, args, kwargs)

    def top_k(self, args: Arguments, kwargs: Keywords) -> int | None:
        """Find how many chunks the call asks for."""
        return integer(self.parameters.first(self.tops, int, args, kwargs)) if self.tops else None

    def relevant_ids(self, args: Arguments, kwargs: Keywords) -> object:
        """Find the ids that would be right, as far as the decorator was told."""
        return self.relevant(*args, **kwargs) if callable(self.relevant) else self.relevant

    def given_context(self, args: Arguments, kwargs: Keywords) -> object:
        """Find the chunks that the decorator says the answer stands on."""
        if isinstance(self.context, str):
            return self.parameters.get(self.context, args, kwargs)
        return self.context(*args, **kwargs) if self.context else None

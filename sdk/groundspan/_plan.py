"""What is known of a stage's spans before any call: made once for each decorated function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from groundspan import _capture as capture
from groundspan._capture import Attributes, Value
from groundspan._parameters import Arguments, Keywords, Parameters
from groundspan._stages import Stage
from groundspan._text import Cutter, clean


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

    def opening(self, args: Arguments, kwargs: Keywords) -> tuple[str, Mapping[str, Value]]:
        """Give the name and the attributes that a span starts with, which samplers see."""
        target_key = self.stage.target_key
        if target_key is None or target_key in self.fixed or not self.stage.target_names:
            return self.span_name, self.fixed
        target = self.parameters.first(self.stage.target_names, str, args, kwargs)
        if not isinstance(target, str):
            return self.span_name, self.fixed
        target = clean(target)
        return f"{self.span_name} {target}", {**self.fixed, target_key: target}

    def arguments(self, args: Arguments, kwargs: Keywords, cutter: Cutter) -> Attributes:
        """Read what the call was given."""
        return self.stage.read_arguments(self.parameters, args, kwargs, cutter)

    def stated(self, args: Arguments, kwargs: Keywords, cutter: Cutter) -> Attributes:
        """Read what the decorator was told to look for: an answer's context, the ids that are relevant."""
        read: Attributes = {}
        if self.relevant is not None:
            read |= capture.relevant(self.relevant(*args, **kwargs) if callable(self.relevant) else self.relevant)
        if self.context is not None:
            read |= capture.context(self._given_context(args, kwargs), cutter)
        return read

    def _given_context(self, args: Arguments, kwargs: Keywords) -> object:
        if isinstance(self.context, str):
            return self.parameters.get(self.context, args, kwargs)
        return self.context(*args, **kwargs) if self.context else None

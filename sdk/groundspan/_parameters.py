"""Where a function's arguments stand: worked out once, so that a call only looks them up."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter

_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)

Arguments = tuple[object, ...]
Keywords = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one function by name."""

    positions: Mapping[str, int] = field(default_factory=dict)
    defaults: Mapping[str, object] = field(default_factory=dict)
    open_ended: bool = True
    """Any keyword may come: ``**kwargs``, or a function whose signature cannot be read."""

    def knows(self, name: str) -> bool:
        """Tell whether a call may have an argument of this name."""
        return self.open_ended or name in self.positions or name in self.defaults

    def get(self, name: str, args: Arguments, kwargs: Keywords) -> object:
        """Give the argument *name* of a call, or its default; None where there is neither."""
        if name in kwargs:
            return kwargs[name]
        position = self.positions.get(name)
        if position is not None and position < len(args):
            return args[position]
        return self.defaults.get(name)

    def first(self, names: Iterable[str], kind: type[object], args: Arguments, kwargs: Keywords) -> object:
        """Give the first of the arguments *names* that is a *kind*."""
        for name in names:
            if name in self.positions or name in kwargs or name in self.defaults:
                value = self.get(name, args, kwargs)
                if isinstance(value, kind):
                    return value
        return None

    def named(self, args: Arguments, kwargs: Keywords) -> dict[str, object]:
        """Give all arguments of a call by name, without the ``self`` of a method."""
        by_name = {
            name: args[position]
            for name, position in self.positions.items()
            if position < len(args) and name not in {"self", "cls"}
        }
        return by_name | dict(kwargs)


def parameters(function: Callable[..., object]) -> Parameters:
    """Read the parameters of *function*; one that keeps them to itself takes anything."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return Parameters()
    positional = [each.name for each in found if each.kind in _POSITIONAL]
    named = [each for each in found if each.kind in {*_POSITIONAL, Parameter.KEYWORD_ONLY}]
    return Parameters(
        {name: position for position, name in enumerate(positional)},
        {each.name: None if each.default is Parameter.empty else each.default for each in named},
        any(each.kind is Parameter.VAR_KEYWORD for each in found),
    )

"""Read a field of an object or a dict alike: client libraries are recognised by shape, never imported."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial


def get(value: object, name: str) -> object:
    """Give the field *name* of a dict or an object; None where there is none."""
    # An exact dict is what most retrievers give, and the abstract check costs ten times as much.
    if type(value) is dict or isinstance(value, Mapping):
        return value.get(name)
    return getattr(value, name, None)


def first(value: object, names: Iterable[str]) -> object:
    """Give the first of the fields *names* that holds anything."""
    look_up = value.get if type(value) is dict else partial(get, value)
    for name in names:
        found: object = look_up(name)
        if found is not None:
            return found
    return None


def text(value: object, names: Iterable[str]) -> str | None:
    """Give the first of the fields *names* that holds a string."""
    look_up = value.get if type(value) is dict else partial(get, value)
    for name in names:
        found: object = look_up(name)
        if isinstance(found, str):
            return found
    return None


def items(value: object) -> Sequence[object] | None:
    """Give *value* if it is a list or a tuple: never an iterator, which reading would use up."""
    return value if isinstance(value, list | tuple) else None


def listed(value: object, names: Iterable[str]) -> Sequence[object] | None:
    """Give the first of the fields *names* that holds a list."""
    for name in names:
        found = items(get(value, name))
        if found is not None:
            return found
    return None

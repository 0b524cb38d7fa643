"""How many tokens a tokenizer gave, and how many vectors of which size an embedder: never the values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from groundspan._shapes import get, items
from groundspan._text import integer


@dataclass(frozen=True, slots=True)
class Vectors:
    """The shape of what an embedder returned."""

    count: int
    dimension: int | None


def tokens(value: object) -> int | None:
    """Count tokens: a number, a list of ids or strings, a batch of such lists, or an encoding."""
    if isinstance(value, str):
        return None
    counted = integer(value)
    if counted is not None:
        return counted
    shape = _shape(value)
    if shape is not None:
        return prod(shape)
    listing = items(value)
    if listing is not None:
        return _listed_tokens(listing)
    for name in ("input_ids", "ids", "token_ids", "tokens", "total_tokens", "input_tokens", "count"):
        found = get(value, name)
        if found is not None and not callable(found):
            return tokens(found)
    return None


def _listed_tokens(listing: Sequence[object]) -> int | None:
    if not listing or isinstance(listing[0], int | str | bytes):
        return len(listing)
    counts = [tokens(item) for item in listing]
    return None if None in counts else sum(count for count in counts if count)


def vectors(value: object) -> Vectors | None:
    """Measure one vector, a list of them, an array, or an embedding response."""
    shape = _shape(value)
    if shape is not None:
        return _measured(shape)
    if isinstance(value, Mapping) or items(value) is None:
        return _responded(value)
    listing = items(value) or ()
    if not listing:
        return Vectors(0, None)
    if isinstance(listing[0], int | float) or (hasattr(listing[0], "__float__") and not _shape(listing[0])):
        return Vectors(1, len(listing))
    first = vectors(listing[0])
    return first and Vectors(len(listing), first.dimension)


def _responded(value: object) -> Vectors | None:
    for name in ("data", "embeddings", "dense_vecs"):
        found = get(value, name)
        # An array's .data is a buffer; only lists and arrays are embeddings.
        if items(found) is not None or _shape(found) is not None:
            return vectors(found)
    for name in ("embedding", "vector", "values"):
        found = get(value, name)
        if items(found) is not None or _shape(found) is not None:
            return vectors(found)
        if isinstance(found, str):
            return Vectors(1, None)
    return None


def _measured(shape: tuple[int, ...]) -> Vectors | None:
    if len(shape) == 1:
        return Vectors(1, shape[0])
    return Vectors(prod(shape[:-1]), shape[-1]) if shape else None


def _shape(value: object) -> tuple[int, ...] | None:
    """Give the shape of an array of any library; a number's is empty."""
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple):
        return None
    return tuple(int(size) for size in shape)

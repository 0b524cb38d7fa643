"""Any Python value -> text and JSON that every exporter can send: valid UTF-8, bounded, cuts counted."""

import json
from collections.abc import Mapping, Sequence, Set
from math import isfinite
from typing import TypeAlias

from groundspan._guard import attempt

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

_DEPTH = 8
_INT64 = 2**63

# check_circular costs time, and what we encode was built by us.
dumps = json.JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")).encode


def clean(text: str) -> str:
    """Make *text* encodable: a lone surrogate would make the exporter drop the whole batch."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def shown(value: object) -> str:
    """Show any object as text; one that cannot be shown is its class's name."""
    if type(value) is str:
        return clean(value)
    return clean(attempt(str, value, f"<{type(value).__qualname__}>"))


def scalar(value: object) -> str | int | float | bool:
    """Turn a caller's value into one that an attribute can hold."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool | float) or (isinstance(value, int) and -_INT64 <= value < _INT64):
        return value
    return shown(value)


def integer(value: object) -> int | None:
    """Read a count that fits an attribute; anything else is unknown."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _INT64:
        return int(value)
    return None


def number(value: object) -> float | None:
    """Read a score, of whatever numeric type; NaN and infinities are no scores."""
    if type(value) is float:
        return value if isfinite(value) else None
    if value is None or isinstance(value, str | bytes | bool) or not hasattr(value, "__float__"):
        return None
    read = attempt(float, value, None)
    return read if read is not None and isfinite(read) else None


class Cutter:
    """Cuts texts to a number of characters for each attribute, and counts what it cut."""

    __slots__ = ("_limit", "cut_chars", "left", "taken_chars")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.left = limit
        self.cut_chars = 0
        self.taken_chars = 0

    def renewed(self) -> "Cutter":
        """Start the budget of the next attribute."""
        self.left = self._limit
        return self

    def text(self, text: str) -> str:
        """Give as much of *text* as the budget has left."""
        size = len(text)
        if size > self.left:
            self.cut_chars += size - self.left
            size, text = self.left, text[: self.left]
        self.left -= size
        self.taken_chars += size
        return clean(text)


def plain(value: object, cutter: Cutter, depth: int = _DEPTH) -> Json:
    """Copy *value* as JSON can hold it; depth and size are bounded, so that cycles end."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return cutter.text(value)
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return int(value)
    if isinstance(value, float):
        return float(value) if isfinite(value) else None
    if depth > 0 and isinstance(value, Mapping):
        return _plain_mapping(value, cutter, depth - 1)
    if depth > 0 and isinstance(value, Sequence | Set) and not isinstance(value, bytes | bytearray | memoryview):
        return _plain_items(value, cutter, depth - 1)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    return cutter.text(shown(value))


def _plain_mapping(value: Mapping[object, object], cutter: Cutter, depth: int) -> dict[str, Json]:
    copied: dict[str, Json] = {}
    for position, (key, item) in enumerate(value.items()):
        if cutter.left <= 0:
            cutter.cut_chars += len(value) - position
            break
        # An item costs a character of its own, so that a million empty ones are bounded too.
        cutter.left -= 1
        name = cutter.text(key if isinstance(key, str) else shown(key))
        copied[name] = plain(item, cutter, depth)
    return copied


def _plain_items(value: Sequence[object] | Set[object], cutter: Cutter, depth: int) -> list[Json]:
    copied: list[Json] = []
    for position, item in enumerate(value):
        if cutter.left <= 0:
            cutter.cut_chars += len(value) - position
            break
        cutter.left -= 1
        copied.append(plain(item, cutter, depth))
    return copied

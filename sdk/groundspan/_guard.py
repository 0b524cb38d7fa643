"""Never break the host: what goes wrong in here is swallowed, counted and logged once."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")

_logger = logging.getLogger("groundspan")
_swallowed: Counter[str] = Counter()
_reraising = False


class Guard:
    """A reusable ``with`` block that lets none of our own errors out."""

    __slots__ = ("_doing",)

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        """Nothing to prepare: one instance guards any number of blocks at once."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        _swallowed[self._doing] += 1
        if _swallowed[self._doing] == 1:
            _logger.warning("Groundspan failed to %s; this is told once", self._doing, exc_info=error)
        return not _reraising


def attempt(function: Callable[[U], T], value: U, otherwise: T) -> T:
    """Call a function that runs the host's code (``__str__``, ``__float__``), which may raise anything."""
    try:
        return function(value)
    except Exception:  # noqa: BLE001 - the one place for it
        return otherwise


def swallowed() -> int:
    """Tell how many errors of ours were kept from the host so far."""
    return _swallowed.total()


@contextmanager
def reraising() -> Iterator[None]:
    """Let our errors out inside this block, so that tests see them."""
    global _reraising  # noqa: PLW0603 - one switch for the process, turned by tests only
    before, _reraising = _reraising, True
    try:
        yield
    finally:
        _reraising = before

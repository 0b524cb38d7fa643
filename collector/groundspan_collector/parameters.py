"""What callers write in a URL or on a command line -> values, or a sentence that says what is accepted. Pure."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from groundspan_collector.errors import RejectedData


def choices(got: str, known: Iterable[str]) -> str:
    """The end of a refusal: the nearest of what is *known*, if any is near, and all of it."""
    names = list(known)
    nearest = get_close_matches(got, names, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}? " if nearest else ""
    return f"{hint}accepted: {', '.join(names) or 'none'}"


def only(given: Iterable[str], *accepted: str) -> None:
    """Refuse a misspelt parameter instead of answering another question."""
    for name in given:
        if name not in accepted:
            raise RejectedData(f"there is no parameter {name!r}; {choices(name, accepted)}")


def whole(name: str, text: str, most: int) -> int:
    """A whole number from 1 to *most*."""
    if not (re.fullmatch(r"[0-9]{1,9}", text) and 1 <= int(text) <= most):
        raise RejectedData(f"{name} must be a whole number from 1 to {most}, got {text!r}")
    return int(text)


def flag(name: str, text: str) -> bool:
    """Yes or no."""
    if text.lower() not in {"true", "false", "1", "0"}:
        raise RejectedData(f"{name} must be true or false, got {text!r}")
    return text.lower() in {"true", "1"}

"""The stretch of time that a report is about. Pure: the clock is an argument."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from groundspan_collector.errors import RejectedData

DEFAULT_LENGTH: Final = timedelta(hours=24)
# What DateTime64(9) holds, less a day on either side for time zones.
EARLIEST: Final = datetime(1900, 1, 2, tzinfo=UTC)
LATEST: Final = datetime(2262, 4, 10, tzinfo=UTC)

_AGO = re.compile(r"(\d{1,9})([smhdw])")
_UNESCAPED_PLUS = re.compile(r"(T[\d:.]+) (\d\d:?\d\d)$")
_UNITS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


@dataclass(frozen=True, slots=True)
class Window:
    """Half open: *since* is in it, *until* is not. Both in UTC."""

    since: datetime
    until: datetime
    suspects: bool = False
    """Whether requests whose clock was wrong are in it: only where its end was named."""


def window(since: str, until: str, now: datetime) -> Window:
    """The window from *since* to *until*, as a person writes them; empty: 24 hours, and now.

    Raises RejectedData for what is no time, and for a window that ends before it begins.
    """
    end = moment("until", until, now) if until else now.astimezone(UTC)
    begin = moment("since", since, now) if since else max(end - DEFAULT_LENGTH, EARLIEST)
    if begin >= end:
        raise RejectedData(f"since ({iso(begin)}) must be before until ({iso(end)})")
    return Window(begin, end, suspects=bool(until))


def moment(name: str, text: str, now: datetime) -> datetime:
    """The time that *text* says: ISO 8601 (UTC where it names no zone), or how long before *now*, like 24h.

    Raises RejectedData, naming the parameter *name*, for anything else.
    """
    try:
        parsed = _parsed(text.strip(), now)
    except (ValueError, OverflowError) as error:
        raise RejectedData(
            f"{name} must be a time like 2026-01-31T12:00:00Z or 2026-01-31, or how long ago like 30m, 24h, 7d, "
            f"got {text!r}"
        ) from error
    if not EARLIEST <= parsed <= LATEST:
        raise RejectedData(f"{name} must lie between {iso(EARLIEST)} and {iso(LATEST)}, got {text!r}")
    return parsed


def _parsed(text: str, now: datetime) -> datetime:
    if text == "now":
        return now.astimezone(UTC)
    if ago := _AGO.fullmatch(text):
        return now.astimezone(UTC) - int(ago[1]) * _UNITS[ago[2]]
    # In a URL a plus that was not escaped arrives as a blank.
    at = datetime.fromisoformat(_UNESCAPED_PLUS.sub(r"\1+\2", text))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def iso(at: datetime) -> str:
    """*at* as ISO 8601 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def literal(at: datetime) -> str:
    """*at* as the engine reads a parameter of type DateTime64(9, 'UTC')."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")

"""One request to the collector: what it said to it, and whether to try again."""

import gzip
import ssl
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final, NamedTuple, TypeAlias

_RETRYABLE: Final = frozenset({429, 502, 503, 504})
_MAX_RETRY_AFTER_S = 3600.0


class Fate(Enum):
    """What became of a body."""

    TAKEN = auto()
    LATER = auto()
    """Not taken now; the same bytes may be taken later."""
    REFUSED = auto()


class Reply(NamedTuple):
    """What the collector said."""

    fate: Fate
    said: str = ""
    retry_after_s: float | None = None


Post: TypeAlias = Callable[[bytes, float], Reply]
"""Sends a body within so many seconds."""


def poster(url: str, headers: Mapping[str, str], certificate_file: str | None) -> Post:
    """Make what posts protobuf to *url*; *certificate_file* holds the authorities that a TLS server is trusted by."""

    def post(body: bytes, timeout_s: float) -> Reply:
        # The HTTP client takes 30 ms to import: not before there is something to say.
        from http.client import HTTPException
        from urllib.error import HTTPError
        from urllib.request import Request, urlopen

        said = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", **headers}
        request = Request(url, gzip.compress(body), said, method="POST")  # noqa: S310 - settings take http(s) only
        trust = ssl.create_default_context(cafile=certificate_file) if url.startswith("https:") else None
        try:
            with urlopen(request, timeout=timeout_s, context=trust):  # noqa: S310
                return Reply(Fate.TAKEN)
        except HTTPError as error:
            with error:
                return _refusal(error.code, error.headers.get("Retry-After"))
        except (OSError, HTTPException) as error:
            return Reply(Fate.LATER, str(error))

    return post


def _refusal(status: int, retry_after: str | None) -> Reply:
    fate = Fate.LATER if status in _RETRYABLE else Fate.REFUSED
    return Reply(fate, f"status {status}", _seconds(retry_after))


def _seconds(retry_after: str | None) -> float | None:
    """Read Retry-After as seconds; the dates that proxies may write count as none."""
    if retry_after is None or not retry_after.strip().isdecimal():
        return None
    return min(float(retry_after), _MAX_RETRY_AFTER_S)

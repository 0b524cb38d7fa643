"""Requests to a running collector, for the commands that print what it knows, and for workers."""

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from groundspan_collector.errors import CollectorError, ConfigError, StoreUnavailable
from groundspan_collector.settings import environment

TIMEOUT_S = 60
_TRY_AGAIN = frozenset({429, 502, 503, 504})


def get(
    url: str,
    path: str,
    query: Mapping[str, object],
    *,
    token: str | None = None,
    method: str = "GET",
    timeout_s: float = TIMEOUT_S,
    body: object = None,
) -> dict[str, Any]:
    """The JSON document at *path*, or what *method* gives there; parameters that are empty are left out.

    *token* is None for the one in GROUNDSPAN_TOKEN, *body* is sent as JSON. Raises CollectorError with the collector's
    own words, or with what to do where none answers: StoreUnavailable where it may help to ask again.
    """
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"--url must begin with http:// or https://, got {url!r}")
    wanted = urllib.parse.urlencode({name: value for name, value in query.items() if value != ""})
    target = url.rstrip("/") + urllib.parse.quote(path) + (f"?{wanted}" if wanted else "")
    token = environment().get("GROUNDSPAN_TOKEN", "") if token is None else token
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    sent = None if body is None else json.dumps(body).encode()
    if sent is not None:
        headers["Content-Type"] = "application/json"
    # http or https, checked above.
    request = urllib.request.Request(target, sent, headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
            document = json.load(answer)
    except urllib.error.HTTPError as error:
        kind = StoreUnavailable if error.code in _TRY_AGAIN else CollectorError
        raise kind(_message(error.read()) or f"{target} answered {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        raise StoreUnavailable(
            f"no collector answers at {url}: {error}; start one with `groundspan serve`, or set --url"
        ) from error
    except ValueError as error:
        raise CollectorError(f"{target} did not answer with JSON: is it a Groundspan collector?") from error
    if not isinstance(document, dict):
        raise CollectorError(f"{target} did not answer with a JSON object: is it a Groundspan collector?")
    return document


def _message(body: bytes) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    return str(document.get("error", "")) if isinstance(document, dict) else ""

"""Who may do what: a request's headers -> the project it is confined to."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from groundspan_collector.errors import Forbidden, Unauthorized
from groundspan_collector.settings import Access, is_loopback


def project_for(headers: Mapping[str, str], tokens: Mapping[str, Access], right: str) -> str:
    """The project that the request is confined to; empty: any.

    *headers* have lower-case names. Without *tokens* everything is allowed, but only under a loopback name: a web page
    that points its own name at this machine must not read the reports. Raises Unauthorized or Forbidden.
    """
    if not tokens:
        host = headers.get("host", "localhost")
        if not is_loopback(_without_port(host).lower()):
            raise Forbidden(f"the Host header must name this machine (localhost, 127.0.0.1), got {host!r}")
        return ""
    access = _access(_token(headers), tokens)
    if access is None:
        raise Unauthorized(
            "a token of GROUNDSPAN_TOKENS is needed: as Authorization: Bearer TOKEN, as the password of basic "
            "authentication, or as X-ClickHouse-Key: TOKEN"
        )
    if right not in access.rights:
        raise Forbidden(f"this token has the rights {sorted(access.rights)}, this needs {right!r}")
    return access.project


def check_unconfined(headers: Mapping[str, str], tokens: Mapping[str, Access], right: str) -> None:
    """For what concerns all projects, and the collector's machine: only a token with *right* and no project.

    Without *tokens* nobody may: any program on this machine, and any page in its browser, could ask. Raises
    Unauthorized or Forbidden.
    """
    if not tokens:
        raise Forbidden(f"this needs a token with the right {right!r}, and there are none: set GROUNDSPAN_TOKENS")
    if project := project_for(headers, tokens, right):
        raise Forbidden(f"this token is confined to the project {project!r}, and this concerns all projects")


def _without_port(host: str) -> str:
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]


def _token(headers: Mapping[str, str]) -> str:
    """The token in the forms that clients know: Bearer, the password of Basic, or ClickHouse's own header."""
    return _authorization(headers) or headers.get("x-clickhouse-key", "").strip()


def _authorization(headers: Mapping[str, str]) -> str:
    kind, _, value = headers.get("authorization", "").partition(" ")
    match kind.lower():
        case "bearer":
            return value.strip()
        case "basic":
            try:
                return base64.b64decode(value, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return ""
        case _:
            return ""


def _access(token: str, tokens: Mapping[str, Access]) -> Access | None:
    """Compared with every token, in constant time, so that an answer's time tells nothing."""
    given = hashlib.sha256(token.encode()).digest()
    found = None
    for known, access in tokens.items():
        if hmac.compare_digest(given, hashlib.sha256(known.encode()).digest()):
            found = access
    return found

"""Where a ClickHouse server is, from what --clickhouse-url and --cluster say. Pure; no error repeats the password."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from groundspan_collector.errors import ConfigError

DATABASE: Final = "groundspan"
PASSWORD: Final = "GROUNDSPAN_CLICKHOUSE_PASSWORD"  # noqa: S105 - the name of the variable, not a password

_SHAPE = "http://USER:PASSWORD@HOST:8123/DATABASE"
_PORTS = {"http": 8123, "https": 8443}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A ClickHouse server that is reached over HTTP, or any node of a cluster."""

    host: str
    port: int
    secure: bool = False
    user: str = "default"
    password: str = field(default="", repr=False)
    database: str = DATABASE
    cluster: str = ""
    """Empty: one server."""

    def __str__(self) -> str:
        """What may be shown: no user, no password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        shown = f"{'https' if self.secure else 'http'}://{host}:{self.port}/{self.database}"
        return f"{shown}, cluster {self.cluster}" if self.cluster else shown


def parse_server(url: str, cluster: str, environ: Mapping[str, str]) -> ServerAddress | None:
    """The server that *url* names; None without one. Raises ConfigError for what is no address of a server."""
    if not url:
        if cluster:
            raise ConfigError(
                f"--cluster {cluster} needs --clickhouse-url: one of the cluster's nodes, or what balances"
            )
        return None
    parts, port = _taken_apart(url)
    database = parts.path.strip("/") or DATABASE
    if not _NAME.fullmatch(database):
        raise ConfigError(f"--clickhouse-url ends in the name of a database, like {_SHAPE}, got {database!r}")
    if cluster and not _NAME.fullmatch(cluster):
        raise ConfigError(f"--cluster must be the name of a cluster in the server's remote_servers, got {cluster!r}")
    return ServerAddress(
        host=parts.hostname or "",
        port=port,
        secure=parts.scheme == "https",
        user=unquote(parts.username or "default"),
        password=_password(parts, environ),
        database=database,
        cluster=cluster,
    )


def _taken_apart(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # Its words may be a part of the password.
        raise ConfigError(
            f"--clickhouse-url is not like {_SHAPE}: what follows the host is no port; write what is special in a "
            f"password as %XX, or put the password into {PASSWORD}"
        ) from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ConfigError(f"--clickhouse-url must be like {_SHAPE}, with http or https; got another scheme or no host")
    if parts.query or parts.fragment:
        raise ConfigError(
            f"--clickhouse-url is not like {_SHAPE}: ? and # have no meaning in it; settings go elsewhere"
        )
    return parts, _PORTS[parts.scheme] if port is None else port


def _password(parts: SplitResult, environ: Mapping[str, str]) -> str:
    from_environment = environ.get(PASSWORD, "")
    if parts.password and from_environment:
        raise ConfigError(f"the password stands in --clickhouse-url and in {PASSWORD}: give it once")
    return from_environment or unquote(parts.password or "")

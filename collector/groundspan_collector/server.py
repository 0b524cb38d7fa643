"""Connections to a ClickHouse server over HTTP: one client for every call that may be under way, all with timeouts.

Used by `store.py` alone.
"""

import random
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import clickhouse_connect
from clickhouse_connect.driver.binding import format_query_value
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.httputil import get_pool_manager
from urllib3 import PoolManager

from groundspan_collector.errors import ConfigError
from groundspan_collector.schema.layout import Layout
from groundspan_collector.server_address import PASSWORD, ServerAddress

CONNECT_TIMEOUT_S: Final = 5
WRITE_TIMEOUT_S: Final = 30
READ_TIMEOUT_S: Final = 120
STARTS_WITHIN_S: Final = 30.0
"""So long a server that does not answer yet is waited for: both may have been started at once."""

FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 3.0
LONGEST_PARAMETER: Final = 64 * 1024
"""A server takes no field of a request that is longer than 128 KiB, as it is set by default."""

SETTINGS: Final = {
    # Times without a zone, parameters among them, are UTC whatever the server's zone is.
    "session_timezone": "UTC",
    # Groups are batches already, and an acknowledgement waits for its rows.
    "async_insert": 0,
    # Chunks that were erased may come again as the very same block: nothing that is sent is passed over.
    "insert_deduplicate": 0,
    "max_partitions_per_insert_block": 0,
    "max_query_size": 64 * 1024 * 1024,
    "mutations_sync": 1,
}
CLUSTER_SETTINGS: Final = {
    # Back when the rows are on their shard, and on most of its replicas.
    "distributed_foreground_insert": 1,
    "insert_quorum": "auto",
    "insert_quorum_timeout": WRITE_TIMEOUT_S * 1000 // 2,
    # Who reads what was just written asks the replica that was written to.
    "load_balancing": "in_order",
    # A table in IN or JOIN means all its rows, not those of the shard that asks.
    "distributed_product_mode": "global",
    "mutations_sync": 2,
}
_HOPELESS: Final = frozenset({192, 193, 194, 497, 516})
"""The server answers, and would answer the same again: who asks is unknown, or may not."""

_PARAMETER = re.compile(r"\{(\w+):([^{}]+)\}")


class Server:
    """A server that answered, at the database that is to be used."""

    def __init__(self, address: ServerAddress, *, clients: int, wait_s: float = STARTS_WITHIN_S) -> None:
        """Wait for the server, and make the database if it is not there; for at most so many *clients*.

        Raises ConfigError where it does not answer in time, or does not let us in.
        """
        self.layout = Layout(address.database, address.cluster)
        self._address = address
        # The number of connections is bounded by it: a call that finds none free waits.
        self._pool: PoolManager = get_pool_manager(maxsize=clients, num_pools=2, block=True)
        client = _until(lambda: self._client(database="", timeout_s=WRITE_TIMEOUT_S), address, wait_s)
        try:
            # Who may not make databases may use one that is there.
            if not int(client.command("EXISTS DATABASE " + address.database)):  # type: ignore[arg-type]
                client.command(self.layout.created_database())
        except ClickHouseError as error:
            raise ConfigError(f"the database {address.database} of --clickhouse-url cannot be made: {error}") from error

    def writer(self) -> Client:
        """A client for inserts and the look-ups before them."""
        return self._client(self._address.database, WRITE_TIMEOUT_S)

    def reader(self) -> Client:
        """A client for all else."""
        return self._client(self._address.database, READ_TIMEOUT_S)

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()

    def _client(self, database: str, timeout_s: int) -> Client:
        address = self._address
        return clickhouse_connect.get_client(
            host=address.host,
            port=address.port,
            interface="https" if address.secure else "http",
            username=address.user,
            password=address.password,
            database=database or "default",
            settings=SETTINGS | (CLUSTER_SETTINGS if address.cluster else {}),
            connect_timeout=CONNECT_TIMEOUT_S,
            send_receive_timeout=timeout_s,
            # Who asks knows whether to ask again: the spool, a loop, a person.
            query_retries=0,
            autogenerate_session_id=False,
            tz_mode="aware",
            # An answer never names the address.
            show_clickhouse_errors="scrub",
            pool_mgr=self._pool,
        )


def _until(connect: Callable[[], Client], address: ServerAddress, wait_s: float) -> Client:
    """What *connect* gives, as soon as it does."""
    deadline_s, pause_s = time.monotonic() + wait_s, FIRST_PAUSE_S
    while True:
        try:
            return connect()
        except (ClickHouseError, OSError) as error:
            if getattr(error, "code", None) in _HOPELESS:
                raise ConfigError(
                    f"the server at --clickhouse-url {address} does not let {address.user!r} in: see its password "
                    f"({PASSWORD}) and rights"
                ) from error
            if time.monotonic() + pause_s > deadline_s:
                raise ConfigError(
                    f"no ClickHouse server answered at --clickhouse-url {address} within {wait_s:.0f} s: "
                    f"{_first_line(error)}"
                ) from error
        time.sleep(pause_s * (0.5 + random.random() / 2))  # noqa: S311 - spreads load, hides nothing
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def inlined(sql: str, parameters: Mapping[str, object]) -> tuple[str, dict[str, Any]]:
    """*sql* with its long lists written out, and the parameters that are left: no field may be as long as they are."""
    long = {
        name: text
        for name, value in parameters.items()
        if isinstance(value, list) and len(text := format_query_value(value)) > LONGEST_PARAMETER
    }
    if not long:
        return sql, dict(parameters)
    left = {name: value for name, value in parameters.items() if name not in long}
    return _PARAMETER.sub(lambda asked: _written_out(asked, long), sql), left


def _written_out(asked: re.Match[str], long: Mapping[str, str]) -> str:
    if asked[1] not in long:
        return asked[0]
    # As text, since a number of 128 bits is no number in SQL.
    text = long[asked[1]].replace("\\", "\\\\").replace("'", "\\'")
    return f"CAST('{text}' AS {asked[2]})"


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:300]

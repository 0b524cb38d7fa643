"""Connections to a server: who is let in, what is sent, and what is said when nobody answers."""

import socket
from pathlib import Path

import fronts
import pytest
from groundspan_collector import server
from groundspan_collector.errors import ConfigError
from groundspan_collector.server import LONGEST_PARAMETER, Server, inlined
from groundspan_collector.server_address import ServerAddress
from groundspan_collector.store import Store

EVERY_STORE = True


def test_start_is_refused_when_nothing_listens() -> None:
    """After a while, since both may have been started at once; with the option and without the password."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(
        ConfigError, match=rf"no ClickHouse server answered at --clickhouse-url http://127.0.0.1:{port}"
    ) as told:
        Server(ServerAddress("127.0.0.1", port, password="s3cret"), clients=1, wait_s=0.5)

    assert "s3cret" not in str(told.value)


def test_start_is_refused_at_once_when_the_password_is_wrong(tmp_path: Path) -> None:
    """Waiting would not help."""
    with fronts.front(tmp_path) as front:
        address = ServerAddress("127.0.0.1", front.port, user=fronts.USER, password="s3cret")

        with pytest.raises(ConfigError, match="does not let 'tester' in") as told:
            Server(address, clients=1, wait_s=600.0)

    assert "s3cret" not in str(told.value)


def test_long_lists_reach_the_store_whole(store: Store) -> None:
    """A server takes no field of a request as long as they are."""
    hashes = [2**128 - 1 - number for number in range(4000)]
    words = [f"it's \\ {number} \n" for number in range(8000)]

    (row,) = store.rows(
        "SELECT arraySort(x -> -x, {hashes:Array(UInt128)}) = {hashes:Array(UInt128)} AS same, "
        "{words:Array(String)}[8000] AS last, {short:Array(String)} AS short",
        {"hashes": hashes, "words": words, "short": ["a"]},
    )

    assert row == {"same": True, "last": words[-1], "short": ["a"]}


def test_short_lists_stay_parameters() -> None:
    """The server keeps them out of the SQL."""
    sql, left = inlined("SELECT {a:Array(String)}, {b:Array(String)}", {"a": ["x"], "b": ["y" * LONGEST_PARAMETER]})

    assert sql.startswith("SELECT {a:Array(String)}, CAST('[")
    assert left == {"a": ["x"]}


def test_every_call_has_an_end() -> None:
    """A server that does not answer holds nobody for ever."""
    assert 0 < server.CONNECT_TIMEOUT_S < server.WRITE_TIMEOUT_S <= server.READ_TIMEOUT_S

"""Asking a server that is no collector, or one that refuses."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from groundspan_collector import client
from groundspan_collector.errors import CollectorError


@contextmanager
def _server(answer: bytes) -> Iterator[str]:
    """A server that says *answer* to whoever connects first; its address."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)


def _http(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_http("400 Bad Request", b'{"error": "since must be a time"}'), "since must be a time"),
        (_http("500 Oh", b"<html>"), "answered 500"),
        (_http("200 OK", b"<html>"), "is it a Groundspan collector"),
        (_http("200 OK", b"[]"), "is it a Groundspan collector"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "no collector answers"),
        (b"", "no collector answers"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "no collector answers"),
    ],
    ids=["refused", "failed", "a page", "another shape", "another protocol", "hung up", "cut off"],
)
def test_error_says_what_the_server_answered(answer: bytes, words: str) -> None:
    """In the collector's own words where there are some; never a traceback."""
    with _server(answer) as url, pytest.raises(CollectorError, match=words):
        client.get(url, "/api/v1/reports/cost", {}, token="")


def test_document_is_what_the_collector_answered() -> None:
    """As it came."""
    with _server(_http("200 OK", b'{"rows": [1]}')) as url:
        assert client.get(url, "/x", {"since": "24h", "by": ""}, token="") == {"rows": [1]}

"""A process that answers ClickHouse's HTTP interface from an embedded engine: a server to test against.

    python tests/clickhouse_front.py --data-dir DIR [--port 0] [--user NAME --password WORD] [--cluster NAME]

It takes what clickhouse-connect sends: a query in the address or the body, settings and parameters in the address or in
a form, external data, inserts in any format, compressed or not; every request is a session of its own.

With --cluster the engine knows a cluster of that name with two shards, which are both this process: a filter lets each
see the rows alone that the sharding key gives it. So Distributed tables are real, and a query that joins what lies on
different shards goes wrong here as it would anywhere. What needs a Keeper, Replicated and ON CLUSTER, becomes plain.
"""

import argparse
import base64
import gzip
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import lz4.frame
from chdb.state.sqlitelike import Connection
from groundspan_collector.schema.layout import SHARDED_BY

TRANSPORT = {
    *("buffer_size", "client_protocol_version", "compress", "database", "decompress", "default_format"),
    *("enable_http_compression", "http_headers_progress_interval_ms", "password", "query", "query_id", "quota_key"),
    *("role", "send_progress_in_http_headers", "session_check", "session_id", "session_timeout", "user"),
    "wait_end_of_query",
}
LONGEST_FIELD = 128 * 1024
"""What a server takes in one field of an address or a form, unless it is told otherwise."""

STATUS = {47: 404, 60: 404, 62: 400, 81: 404, 516: 403}
SHARDS = 2
SHARD = """<shard><internal_replication>true</internal_replication>
<replica><host>127.0.0.1</host><port>9000</port></replica></shard>
"""
CONFIG = (
    """<clickhouse><tcp_port>9000</tcp_port><remote_servers><{name}>{shards}</{name}></remote_servers></clickhouse>"""
)

_INSERT = re.compile(rb"\s*INSERT\s+INTO\s[^;]*?\sFORMAT\s+(\w+)[ ]?\r?\n?", re.IGNORECASE | re.DOTALL)
_CHANGE = re.compile(rb"\s*(ALTER|DELETE|OPTIMIZE)\s", re.IGNORECASE)
_FORMAT = re.compile(r"\sFORMAT\s+(\w+)\s*$", re.IGNORECASE)
_ON_CLUSTER = re.compile(r"\sON CLUSTER '\w+'")
_REPLICATED = re.compile(r"\bReplicated(\w*MergeTree)(\('/[^']*', '[^']*'(?:, )?)?")


class Refused(Exception):
    """What the server does not do, in its own words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {message}")


@dataclass(slots=True)
class Asked:
    """One request, taken apart."""

    query: bytes
    fields: dict[str, str]
    files: dict[str, bytes] = field(default_factory=dict)

    def settings(self) -> dict[str, str]:
        """What is neither transport, nor a parameter, nor says how an external table is written."""
        tables = tuple(f"{name}_" for name in self.files)
        return {
            name: value
            for name, value in self.fields.items()
            if name not in TRANSPORT and not name.startswith(("param_", *tables))
        }

    def parameters(self) -> dict[str, str]:
        """Name -> value."""
        return {name[6:]: value for name, value in self.fields.items() if name.startswith("param_")}


class Front:
    """The engine behind the interface."""

    def __init__(self, folder: Path, cluster: str) -> None:
        self._cluster = cluster
        options = "max_server_memory_usage=2000000000&background_pool_size=4"
        if cluster:
            config = folder / "cluster.xml"
            config.write_text(CONFIG.format(name=cluster, shards=SHARDS * SHARD))
            options += f"&config-file={config}"
        self._address = f"{folder / 'store'}?{options}"
        self._kept = Connection(self._address)

    def answer(self, asked: Asked) -> bytes:
        """The bytes of the result."""
        with self._session(asked) as session:
            for name, content in asked.files.items():
                self._add_external(session, asked.fields, name, content)
            if match := _INSERT.match(asked.query):
                return self._insert(session, match, asked.query[match.end() :])
            sql = self._alone(asked.query.decode())
            found = _FORMAT.search(sql)
            default = asked.fields.get("default_format", "TabSeparated")
            result: bytes = session.query(
                _FORMAT.sub("", sql), found[1] if found else default, params=asked.parameters()
            ).bytes()
            return result

    @contextmanager
    def _session(self, asked: Asked) -> Iterator[Connection]:
        session = Connection(self._address)
        try:
            for name, value in asked.settings().items():
                session.query(f"SET {name} = {_quoted(value)}")
            if database := asked.fields.get("database"):
                session.query(f"USE `{database}`")
                # A change is made to all rows of a table, whoever sees them.
                if self._cluster and not _CHANGE.match(asked.query):
                    session.query(f"SET additional_table_filters = {{{_shares(database)}}}")
            yield session
        finally:
            session.close()

    @staticmethod
    def _add_external(session: Connection, fields: Mapping[str, str], name: str, content: bytes) -> None:
        session.query(f"CREATE TEMPORARY TABLE {name} ({fields[f'{name}_structure']})")
        if content:
            Front._append(session, f"INSERT INTO {name}", fields.get(f"{name}_format", "TabSeparated"), content)

    @staticmethod
    def _insert(session: Connection, match: "re.Match[bytes]", content: bytes) -> bytes:
        sql = match[0].decode()
        Front._append(session, sql[: sql.upper().rindex("FORMAT")], match[1].decode(), content)
        return b""

    @staticmethod
    def _append(session: Connection, sql: str, written_as: str, content: bytes) -> None:
        with session.send_insert(sql, written_as) as inserter:
            inserter.append(content)
            inserter.finish()

    def _alone(self, sql: str) -> str:
        """*sql* without what needs other nodes."""
        if not self._cluster:
            return sql
        return _REPLICATED.sub(lambda match: match[1] + ("(" if match[2] else ""), _ON_CLUSTER.sub("", sql))


def _shares(database: str) -> str:
    """Of which rows each shard's tables consist: table -> condition."""
    return ", ".join(
        f"'{database}.{table}_local': '{key} % {SHARDS} = shardNum() - 1'" for table, key in SHARDED_BY.items()
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    front: Front
    login = ""
    """NAME:WORD; empty: anybody."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        """Say nothing."""

    def do_GET(self) -> None:
        """A ping, or a query in the address."""
        self._serve()

    def do_POST(self) -> None:
        """A query, data for one, or a form with both."""
        self._serve()

    def _serve(self) -> None:
        body = self._body()
        if urlsplit(self.path).path == "/ping":
            self._send(200, b"Ok.\n")
            return
        try:
            self._send(200, self._answered(body))
        except Exception as error:  # noqa: BLE001 - the engine's, or the request's: an answer either way
            words = str(error)
            found = re.search(r"Code: (\d+)", words)
            code = int(found[1]) if found else 1002
            self._send(STATUS.get(code, 500), words.encode() + b"\n", {"X-ClickHouse-Exception-Code": str(code)})

    def _answered(self, body: bytes) -> bytes:
        if self.login and self.headers["Authorization"] != f"Basic {base64.b64encode(self.login.encode()).decode()}":
            raise Refused(516, "Authentication failed: password is incorrect, or there is no user with such name.")
        return self.front.answer(self._asked(body))

    def _asked(self, body: bytes) -> Asked:
        fields = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        files = {}
        if self.headers.get_content_type() == "multipart/form-data":
            boundary = str(self.headers.get_param("boundary"))
            for name, is_file, content in parts(body, boundary.encode()):
                if is_file:
                    files[name] = content
                else:
                    fields[name] = content.decode()
            body = b""
        if long := [name for name, value in fields.items() if name != "query" and len(value) > LONGEST_FIELD]:
            raise Refused(1000, f"Poco::Exception: HTML Form Exception: Field value too long: {long[0]}")
        query = fields.get("query", "").encode()
        return Asked(query + b"\n" + body if query and body else query or body, fields, files)

    def _body(self) -> bytes:
        raw = self._chunks() if self.headers["Transfer-Encoding"] == "chunked" else self._counted()
        match self.headers["Content-Encoding"]:
            case "lz4":
                return bytes(lz4.frame.decompress(raw))
            case "gzip":
                return gzip.decompress(raw)
        return raw

    def _counted(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"] or 0))

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return bytes(body)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Length": str(len(body)),
            "X-ClickHouse-Timezone": "UTC",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def parts(body: bytes, boundary: bytes) -> Iterator[tuple[str, bool, bytes]]:
    """The fields of a form: name, whether it is a file, content."""
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        words = head.decode()
        named = re.search(r'[; ]name="([^"]*)"', words)
        assert named, words
        yield named[1], "filename=" in words, content[:-2]


def main() -> None:
    """Answer until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="default")
    parser.add_argument("--password", default="")
    parser.add_argument("--cluster", default="")
    options = parser.parse_args()
    Handler.front = Front(options.data_dir.resolve(), options.cluster)
    Handler.login = f"{options.user}:{options.password}"
    ThreadingHTTPServer.daemon_threads = True
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    sys.stdout.write(f"front ready on http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    server.serve_forever()


def _end_with_the_parent() -> None:
    # Nobody writes: the end of standard input is the end of whoever started this.
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()

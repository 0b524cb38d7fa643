"""`groundspan backup`: a copy taken under load is a --data-dir with everything that was acknowledged before."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import otlp
import processes
import pytest
from groundspan_collector import manifest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from processes import CollectorProcess

TOKENS = {
    "operator": {"rights": ["write", "read", "backup"]},
    "developer": {"rights": ["write", "read"]},
    "shop": {"project": "shop", "rights": ["write", "read", "backup"]},
}
GUARDED = {"GROUNDSPAN_TOKENS": json.dumps(TOKENS)}
BEARER = {"Authorization": "Bearer operator"}
ANSWERED = 12
USD_PER_TOKEN = Decimal("0.0000025")

READ = """
import json, os, sys
from pathlib import Path
from groundspan_collector.store import Store
os.chdir(sys.argv[1])
store = Store.open(Path(sys.argv[1]), memory_bytes=1 << 30)
found = {
    "spans": store.rows(
        "SELECT span_id, count() AS copies, sum(input_tokens) AS tokens, toString(sum(emitted_cost_usd)) AS cost "
        "FROM spans_once GROUP BY span_id"
    ),
    "traces": store.rows("SELECT trace_id, count() AS copies FROM traces_once GROUP BY trace_id"),
    "answers": store.rows("SELECT trace_id, status, claims FROM answers_newest ORDER BY trace_id"),
    "verdicts": store.rows("SELECT trace_id, text, verdict FROM verdicts_newest ORDER BY trace_id, text"),
    "prices": store.rows("SELECT provider, model FROM prices_newest ORDER BY provider, model"),
    "lost_chunks": store.rows(
        "SELECT span_id FROM spans_once ARRAY JOIN chunks AS chunk "
        "WHERE (project, chunk.hash) NOT IN (SELECT project, hash FROM chunks)"
    ),
}
print(json.dumps(found, default=str))
store.close()
"""

SPOOLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from groundspan_collector.backup import Copier
from groundspan_collector.spool import Record, Spool
from groundspan_collector.store import Store
data, copy = Path(sys.argv[1]), Path(sys.argv[2])
store = Store.open(data, memory_bytes=1 << 30)
waiting = Spool.open(data / "spool", max_bytes=1 << 20)
waiting.append([Record(1788955260000000000, "traces", "", 1, bytes.fromhex(sys.argv[3]))], lambda: None)
Copier(store, waiting, data, data / "spool", lambda: datetime(2026, 11, 21, tzinfo=UTC)).copy(copy)
store.close()
"""


def _python(code: str, *arguments: object) -> str:
    """What *code* prints in a process of its own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=processes.DEADLINE_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _groundspan(*arguments: object, token: str = "operator") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "groundspan_collector", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=processes.DEADLINE_S,
        env={**os.environ, "GROUNDSPAN_TOKEN": token},
    )


def _answered() -> list[Span]:
    """A trace with chunks and an answer that they support."""
    trace_id = otlp.new_trace_id()
    root = otlp.span({"groundspan.stage": "pipeline", "input.value": "How long?"}, name="ask", trace_id=trace_id)
    documents = '[{"content": "A refund takes fourteen days. The warranty lasts two years."}]'
    retrieved: otlp.Attributes = {"groundspan.stage": "retrieve", "gen_ai.retrieval.documents": documents}
    answer = '[{"role": "assistant", "parts": [{"type": "text", "content": "A refund takes fourteen days."}]}]'
    generated: otlp.Attributes = {
        "groundspan.stage": "generate",
        "gen_ai.output.messages": answer,
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 2,
    }
    children = (otlp.span(each, trace_id=trace_id, parent=root.span_id) for each in (retrieved, generated))
    return [root, *children]


def _call(number: int) -> Span:
    """A model call that took *number* tokens and says what it cost, with a chunk of its own."""
    return otlp.span(
        {
            "gen_ai.usage.input_tokens": number,
            "gen_ai.usage.cost": str(number * USD_PER_TOKEN),
            "gen_ai.retrieval.documents": json.dumps([{"content": f"Chunk {number}."}]),
        },
        start_ns=otlp.NOON_NS + number % 7 * 86_400 * otlp.SECOND,
    )


class Sender:
    """A thread that sends calls, three in a request, and remembers which were acknowledged."""

    def __init__(self, server: CollectorProcess) -> None:
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.acknowledged: dict[str, int] = {}
        """Span id -> tokens."""

    def __enter__(self) -> "Sender":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(processes.DEADLINE_S)

    def _run(self) -> None:
        number = 1
        while not self._stop.is_set():
            calls = {each: _call(each) for each in range(number, number + 3)}
            assert self._server.send(otlp.body(*calls.values()), BEARER).status == 200
            self.acknowledged |= {call.span_id.hex(): tokens for tokens, call in calls.items()}
            number += 3


def _send(server: CollectorProcess, spans: Sequence[Span]) -> None:
    assert server.send(otlp.body(*spans), BEARER).status == 200


def _pending(server: CollectorProcess) -> int:
    answer = processes.fetch(f"{server.url}/api/v1/scoring", headers=BEARER)
    return int(json.loads(answer.body)["pending"])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CollectorProcess]:
    """A collector that wants tokens."""
    with processes.collector(tmp_path / "data", environ=GUARDED) as running:
        yield running


def test_copy_holds_all_that_was_acknowledged_when_it_is_taken_under_load(
    server: CollectorProcess, tmp_path: Path
) -> None:
    """Each span once, with its tokens, cost, chunks and trace; answers, verdicts and prices; ingest goes on."""
    for _ in range(ANSWERED):
        _send(server, _answered())
    processes.eventually(lambda: _pending(server) == 0)
    with Sender(server) as sender:
        processes.eventually(lambda: len(sender.acknowledged) >= 60)
        before = dict(sender.acknowledged)
        made = _groundspan("backup", tmp_path / "copy", "--url", server.url)
        processes.eventually(lambda: len(sender.acknowledged) > len(before))
    assert server.stop() == 0
    original = json.loads(_python(READ, tmp_path / "data"))
    copy: dict[str, Any] = json.loads(_python(READ, tmp_path / "copy"))

    assert (made.returncode, made.stderr) == (0, "")
    calls = {row["span_id"]: row for row in copy["spans"] if row["span_id"] in sender.acknowledged}
    assert before.keys() <= calls.keys()
    assert len(copy["spans"]) == len(calls) + 3 * ANSWERED
    assert {row["copies"] for row in [*copy["spans"], *copy["traces"]]} == {1}
    assert {each: row["tokens"] for each, row in calls.items()} == {each: sender.acknowledged[each] for each in calls}
    assert sum(Decimal(row["cost"]) for row in calls.values()) == USD_PER_TOKEN * sum(
        sender.acknowledged[each] for each in calls
    )
    assert len(copy["traces"]) == len(calls) + ANSWERED
    assert copy["lost_chunks"] == []
    assert len(copy["answers"]) == ANSWERED
    for table in ("answers", "verdicts", "prices"):
        assert copy[table] == original[table] != []


def test_copy_is_private_and_served_as_it_is(server: CollectorProcess, tmp_path: Path) -> None:
    """`doctor` finds it sound, `serve` opens it and goes on; the collector keeps nothing of it."""
    _send(server, [_call(5)])
    folder = tmp_path / "copy"

    assert _groundspan("backup", folder, "--url", server.url).returncode == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o600}
    assert list(tmp_path.glob("*.partial-*")) == list((tmp_path / "data").glob("store/shadow/*/")) == []

    checked = _groundspan("doctor", "--data-dir", folder)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "all as they were copied" in checked.stdout
    assert "spans: 1 rows" in checked.stdout
    with processes.collector(folder, environ=GUARDED) as restored:
        _send(restored, [_call(6)])
        assert restored.stop() == 0
    assert len(json.loads(_python(READ, folder))["spans"]) == 2


def test_copy_is_not_opened_when_a_file_is_missing(server: CollectorProcess, tmp_path: Path) -> None:
    """Lost on the way to another disk: `serve` refuses it, `doctor` names what is missing, and changes nothing."""
    _send(server, [_call(5)])
    folder = tmp_path / "copy"
    assert _groundspan("backup", folder, "--url", server.url).returncode == 0
    lost = next(folder.glob("store/store/*/*/*/data.bin"))
    shutil.rmtree(lost.parent)

    served = _groundspan("serve", "--port", "0", "--data-dir", folder)
    checked = _groundspan("doctor", "--data-dir", folder)

    assert (served.returncode, checked.returncode) == (2, 1)
    assert "is not whole" in served.stderr
    assert f"BAD  copy: {lost.relative_to(folder)} is missing" in checked.stdout
    assert (folder / manifest.NAME).is_file()


def test_what_waits_in_the_spool_is_stored_when_the_copy_is_served(tmp_path: Path) -> None:
    """It was acknowledged."""
    span = _call(7)
    _python(SPOOLED, tmp_path / "data", tmp_path / "copy", otlp.body(span).hex())

    with processes.collector(tmp_path / "copy") as restored:
        processes.eventually(lambda: restored.metrics()["groundspan_spans_replayed_total"] == 1)
        assert restored.stop() == 0

    assert [row["span_id"] for row in json.loads(_python(READ, tmp_path / "copy"))["spans"]] == [span.span_id.hex()]


@pytest.mark.parametrize(
    ("token", "words"),
    [("developer", "this needs 'backup'"), ("shop", "confined to the project 'shop'"), ("", "a token of")],
)
def test_copy_is_refused_when_the_token_does_not_reach_everything(
    server: CollectorProcess, tmp_path: Path, token: str, words: str
) -> None:
    """Who may read one project must not carry the others away."""
    refused = _groundspan("backup", tmp_path / "copy", "--url", server.url, token=token)

    assert refused.returncode == 1
    assert words in refused.stderr
    assert not (tmp_path / "copy").exists()


def test_copy_is_refused_when_there_are_no_tokens(tmp_path: Path) -> None:
    """Any page in a browser on this machine could ask for it."""
    with processes.collector(tmp_path / "data") as server:
        refused = _groundspan("backup", tmp_path / "copy", "--url", server.url)

    assert refused.returncode == 1
    assert "set GROUNDSPAN_TOKENS" in refused.stderr
    assert not (tmp_path / "copy").exists()

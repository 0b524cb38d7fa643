"""Whatever breaks: what was acknowledged is what the store answers, each span once, with exact sums."""

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import faults
import otlp
import processes
import pytest
from faults import ROUNDS, SEED
from groundspan_collector.spool import Record, Spool, segment_paths

pytestmark = pytest.mark.faults

DISK_BYTES = 96 * 1024 * 1024


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    """A disk of its own at *folder*, which is quickly full."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount command here")
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(disk: Path) -> Path:
    """Take all the room there is; the file that does."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for block in (bytes(1 << 20), bytes(4096), b"\0"):
            with suppress(OSError):
                while file.write(block) == len(block):
                    pass
    return ballast


def test_acknowledged_spans_are_there_when_the_collector_is_killed_again_and_again(tmp_path: Path) -> None:
    """kill -9 at a random moment under load, and the next process in the same directory."""
    chance, sent = random.Random(SEED), faults.Sent()
    for number in range(2 * ROUNDS):
        with processes.collector(tmp_path) as server:
            load = faults.Load(server, sent, threads=6, seed=SEED + number)
            faults.enough(sent, chance.randrange(20, 300))
            server.kill()
            load.stop()

    faults.check(tmp_path, sent)


def test_ledger_balances_at_every_scrape_while_good_bad_and_poison_arrive(tmp_path: Path) -> None:
    """Eight senders; and a poisonous request harms only itself."""
    sent = faults.Sent()
    with processes.collector(tmp_path) as server:
        load = faults.Load(server, sent, threads=8, seed=SEED)
        balances = faults.watched(server, lambda: len(sent.acknowledged) >= 400 * ROUNDS, 30.0 * ROUNDS)
        load.stop()
        rejected = server.metrics()['groundspan_spans_rejected_total{reason="undecodable"}']
        assert server.stop() == 0

    assert set(balances) == {0.0}
    assert rejected > 0
    assert sent.statuses == {200}
    faults.check(tmp_path, sent)


@pytest.mark.parametrize("ending", ["goes on", "kill"])
def test_what_arrives_while_the_store_is_full_is_there_when_it_has_room(tmp_path: Path, ending: str) -> None:
    """The spool is on another disk: everything is acknowledged, and replayed, by this process or by the next."""
    disk, sent = tmp_path / "disk", faults.Sent()
    environ = {"GROUNDSPAN_SPOOL_DIR": str(tmp_path / "spool")}
    with _small_disk(disk):
        with processes.collector(disk, environ=environ) as server:
            load = faults.Load(server, sent, threads=4, seed=SEED)
            faults.enough(sent, 50)
            ballast = _fill(disk)
            processes.eventually(lambda: server.metrics()["groundspan_spans_spooled"] > 0)
            faults.enough(sent, 150 * ROUNDS)
            balances = faults.watched(server, lambda: True)
            if ending == "kill":
                server.kill()
            ballast.unlink()
            if ending == "goes on":
                faults.enough(sent, 50)
                faults.replayed(server)
                balances += faults.watched(server, lambda: True)
            load.stop()
        with processes.collector(disk, environ=environ) as server:
            faults.replayed(server)
            assert server.stop() == 0
        assert set(balances) == {0.0}
        assert segment_paths(tmp_path / "spool") == []
        faults.check(disk, sent)


def test_sender_is_told_to_try_again_when_spool_and_store_are_full(tmp_path: Path) -> None:
    """503 and Retry-After: 1; and when there is room, 200."""
    disk, sent = tmp_path / "disk", faults.Sent()
    with _small_disk(disk), processes.collector(disk) as server:
        first, second = faults.call(1), faults.call(2)
        sent.note([first], server.send(otlp.body(first)).status)
        ballast = _fill(disk)
        refused = server.send(otlp.body(second))
        balances = faults.watched(server, lambda: True)
        ballast.unlink()
        processes.eventually(lambda: server.send(otlp.body(second)).status == 200)
        sent.note([second], 200)
        assert server.stop() == 0

        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert balances == [0.0]
        faults.check(disk, sent)


def test_start_is_refused_when_the_disk_is_full(tmp_path: Path) -> None:
    """The engine would leave the definitions of tables cut off; with room, everything is there again."""
    disk, sent, span = tmp_path / "disk", faults.Sent(), faults.call(1)
    with _small_disk(disk):
        with processes.collector(disk) as server:
            sent.note([span], server.send(otlp.body(span)).status)
            assert server.stop() == 0
        ballast = _fill(disk)
        refused = processes.refused_start(disk)
        ballast.unlink()

        assert refused.returncode == 2
        assert "make room, or choose another --data-dir" in refused.stderr
        faults.check(disk, sent)


def test_start_is_refused_when_tables_cannot_be_changed(tmp_path: Path) -> None:
    """The engine itself opens; the tables in memory, which are made anew at a start, cannot be."""
    sent, span = faults.Sent(), faults.call(1)
    with processes.collector(tmp_path) as server:
        sent.note([span], server.send(otlp.body(span)).status)
        assert server.stop() == 0
    with faults.read_only(faults.tables(tmp_path)):
        refused = processes.refused_start(tmp_path)

    assert refused.returncode == 2
    assert f"the store in {tmp_path} cannot be used" in refused.stderr
    assert "Traceback" not in refused.stderr
    faults.check(tmp_path, sent)


def test_collector_starts_and_replays_when_its_spool_is_torn(tmp_path: Path) -> None:
    """The whole records before the torn one are stored; a damaged one between them is counted."""
    spans = [faults.call(number) for number in range(1, 6)]
    spool = Spool.open(tmp_path / "spool", max_bytes=1 << 20)
    for number, span in enumerate(spans):
        record = Record(otlp.NOON_NS + number, "traces", "", 1, otlp.body(span))
        spool.append([record], lambda: None)
    spool.close()
    (path,) = segment_paths(tmp_path / "spool")
    data = path.read_bytes().replace(spans[1].span_id, bytes(8))
    path.write_bytes(data[:-3])

    with processes.collector(tmp_path) as server:
        faults.replayed(server)
        metrics = server.metrics()
        assert server.stop() == 0

    assert metrics["groundspan_spool_torn_bytes_total"] > 0
    assert metrics["groundspan_spool_corrupt_bytes_total"] > 0
    assert metrics["groundspan_spans_replayed_total"] == 3
    assert faults.balance(metrics) == 0
    sent = faults.Sent()
    sent.note([spans[0], *spans[2:4]], 200)
    faults.check(tmp_path, sent)


def test_trace_is_erased_everywhere_when_it_waits_in_the_spool_and_was_set_aside(tmp_path: Path) -> None:
    """Forgotten at once after the start: the replay does not bring it back."""
    gone, kept = faults.call(1), faults.call(2)
    spool = Spool.open(tmp_path / "spool", max_bytes=1 << 20)
    for span in (gone, kept):
        spool.append([Record(otlp.NOON_NS, "traces", "", 1, otlp.body(span))], lambda: None)
        spool.set_aside(Record(otlp.NOON_NS, "traces", "", 1, otlp.body(span) + faults.POISON))
    spool.close()

    with processes.collector(tmp_path) as server:
        answer = processes.fetch(f"{server.url}/api/v1/forget?trace={gone.trace_id.hex()}", body=b"")
        assert server.stop() == 0

    assert (answer.status, answer.body) == (200, b'{"traces":1}')
    assert segment_paths(tmp_path / "spool") == []
    aside = Spool.open(tmp_path / "spool", max_bytes=1 << 20).rejected()
    assert [record.body for record in aside] == [otlp.body(kept) + faults.POISON]
    sent = faults.Sent()
    sent.note([kept], 200)
    faults.check(tmp_path, sent)


def test_spans_count_once_when_they_come_three_times_across_restarts(tmp_path: Path) -> None:
    """In other groups each time."""
    chance, sent = random.Random(SEED), faults.Sent()
    spans = [faults.call(number) for number in range(1, 101)]
    for _ in range(3):
        chance.shuffle(spans)
        with processes.collector(tmp_path) as server:
            for start in range(0, len(spans), 23):
                part = spans[start : start + 23]
                sent.note(part, server.send(otlp.body(*part)).status)
            assert server.stop() == 0

    assert sent.statuses == {200}
    faults.check(tmp_path, sent)


def test_trace_is_whole_when_its_spans_come_in_reverse_over_an_hour(tmp_path: Path) -> None:
    """The last first, the root at the end, with a kill in between."""
    trace_id, root, sent = otlp.new_trace_id(), otlp.new_span_id(), faults.Sent()
    minute = 60 * otlp.SECOND
    spans = [
        faults.call(
            number + 1,
            trace_id=trace_id,
            span_id=None if number else root,
            parent=root if number else b"",
            start_ns=otlp.NOON_NS + 2 * number * minute,
            duration_ns=otlp.SECOND if number else 60 * minute,
        )
        for number in range(30)
    ]
    traces = []
    for part in (spans[20:], spans[:20]):
        with processes.collector(tmp_path) as server:
            for span in reversed(part):
                sent.note([span], server.send(otlp.body(span)).status)
            traces.append(server.get(f"/api/v1/traces/{trace_id.hex()}"))
            server.kill()

    assert sent.statuses == {200}
    assert [len(trace["spans"]) for trace in traces] == [10, 30]
    assert [trace["spans"][0]["span_id"] for trace in traces] == [spans[20].span_id.hex(), root.hex()]
    faults.check(tmp_path, sent)

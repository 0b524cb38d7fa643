"""`groundspan doctor`: what it says of a store and a spool, sound and not."""

import os
import subprocess
import sys
from pathlib import Path

import otlp
import processes
from groundspan_collector.spool import Record, Spool, segment_paths


def _doctor(data_dir: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "groundspan_collector", "doctor", "--data-dir", str(data_dir)]
    return subprocess.run(command, capture_output=True, text=True, timeout=processes.DEADLINE_S)


def _collected(data_dir: Path) -> None:
    """Leave a store with two spans, one of them received twice."""
    twice = otlp.body(otlp.span())
    with processes.collector(data_dir) as server:
        for body in (twice, twice, otlp.body(otlp.span())):
            assert server.send(body).status == 200
        assert server.stop() == 0


def _spooled(data_dir: Path) -> Path:
    """Leave two requests in the spool; its segment."""
    spool = Spool.open(data_dir / "spool", max_bytes=10_000)
    for body in (b"first", b"second"):
        spool.append([Record(1, "traces", "", 3, body)], lambda: None)
    spool.close()
    (path,) = segment_paths(data_dir / "spool")
    return path


def test_sound_data_is_called_sound(tmp_path: Path) -> None:
    """What waits, what repeats and a torn end are told, and no fault: nothing of it was lost."""
    _collected(tmp_path)
    path = _spooled(tmp_path)
    os.truncate(path, path.stat().st_size - 1)

    done = _doctor(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "BAD" not in done.stdout
    assert "spans: 3 rows" in done.stdout
    assert "spans: 1 rows repeat a span" in done.stdout
    assert "1 requests wait to be stored, with 3 of traces" in done.stdout
    assert "bytes at the end are torn" in done.stdout


def test_damage_is_told(tmp_path: Path) -> None:
    """A part of a table, and a record of the spool: exit code 1."""
    _collected(tmp_path)
    path = _spooled(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"first", b"worst"))
    for file in tmp_path.glob("store/store/*/*/*/data.packed"):
        data = file.read_bytes()
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    done = _doctor(tmp_path)

    assert done.returncode == 1
    assert "may be lost" in done.stderr
    assert "BAD  spans: " in done.stdout
    assert "bytes belong to no whole record" in done.stdout


def test_doctor_waits_for_no_running_collector(tmp_path: Path) -> None:
    """It is told so, with exit code 2, and the collector goes on."""
    with processes.collector(tmp_path) as server:
        done = _doctor(tmp_path)

        assert done.returncode == 2
        assert "another process, perhaps a collector, has it open" in done.stderr
        assert server.send(otlp.body(otlp.span())).status == 200


def test_folder_without_a_store_is_left_alone(tmp_path: Path) -> None:
    """A mistyped name makes no new store."""
    done = _doctor(tmp_path / "typo")

    assert done.returncode == 2
    assert "there is no store in" in done.stderr
    assert not (tmp_path / "typo").exists()

"""200 means durable: the rows are on the disk, not in the system's memory, before the answer is written."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import faults
import otlp
import processes
import pytest
from groundspan_collector.store import DURABLE_TABLES, Store

CHUNK: otlp.Attributes = {"gen_ai.retrieval.documents": '[{"content": "a text"}]'}

TABLES_OF_A_SPAN = 3
"""Its own, its trace's, its chunks'."""

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.mark.parametrize("table", DURABLE_TABLES)
def test_table_is_written_through_to_the_disk(store: Store, table: str) -> None:
    """The files of an insert and the folder that names them."""
    (row,) = store.rows(
        "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = {table:String}",
        {"table": table},
    )

    assert "fsync_after_insert = 1" in str(row["engine_full"])
    assert "fsync_part_directory = 1" in str(row["engine_full"])


@contextmanager
def _strace(process: "subprocess.Popen[str]", log: Path) -> Iterator[None]:
    """Within the block, the process's writes and syncs go into *log*."""
    command = ["strace", "-f", "-y", "-s", "40", "-e", "trace=fsync,fdatasync,write,writev,sendto,sendmsg"]
    with subprocess.Popen(
        [*command, "-o", str(log), "-p", str(process.pid)], stderr=subprocess.PIPE, text=True
    ) as strace:
        assert strace.stderr
        line = strace.stderr.readline()
        if "attached" not in line:
            pytest.skip(f"strace may not look into processes here: {line.strip()}")
        yield
        strace.send_signal(signal.SIGINT)


def _before_200(log: Path) -> str:
    """What the kernel saw before the first 200 was written."""
    before, answer, _ = log.read_text(errors="replace").partition("HTTP/1.1 200")
    assert answer, before[-2000:]
    return before


def _synced_before_200(log: Path) -> set[str]:
    """The folders of tables in which files were synced before the first 200 was written."""
    return set(re.findall(r"f(?:data)?sync\(\d+<[^>]*/store/store/\w{3}/([-\w]{36})/", _before_200(log)))


@needs_strace
def test_rows_are_synced_before_the_answer_is_written(tmp_path: Path) -> None:
    """What the kernel saw: a sync in each table that the span is written to, then 200."""
    with processes.collector(tmp_path) as server, _strace(server.process, tmp_path / "strace"):
        assert server.send(otlp.body(otlp.span(CHUNK))).status == 200

    assert len(_synced_before_200(tmp_path / "strace")) == TABLES_OF_A_SPAN


@needs_strace
def test_nothing_is_synced_when_it_was_switched_off(tmp_path: Path) -> None:
    """GROUNDSPAN_FSYNC=0, for figures; and the next start without it is durable again."""
    for value, tables in (("0", 0), ("1", TABLES_OF_A_SPAN)):
        log = tmp_path / f"strace-{value}"
        environ = {"GROUNDSPAN_FSYNC": value}
        with processes.collector(tmp_path, environ=environ) as server, _strace(server.process, log):
            assert server.send(otlp.body(otlp.span(CHUNK))).status == 200

        assert len(_synced_before_200(log)) == tables


@needs_strace
def test_spooled_request_is_synced_before_the_answer_is_written(tmp_path: Path) -> None:
    """While the store is down: the segment's folder, so that it has its name; the record in it; then 200."""
    data_dir, log = tmp_path / "data", tmp_path / "strace"
    environ = {"GROUNDSPAN_SPOOL_DIR": str(tmp_path / "spool")}
    with (
        processes.collector(data_dir, environ=environ) as server,
        faults.read_only(faults.tables(data_dir)),
        _strace(server.process, log),
    ):
        assert server.send(otlp.body(otlp.span(CHUNK))).status == 200

    folder = re.escape(str(tmp_path / "spool"))
    steps = re.findall(rf"(\w+)\(\d+<{folder}(/[^>]+\.seg)?>", _before_200(log))
    assert [(call, bool(segment)) for call, segment in steps] == [("fsync", False), ("write", True), ("fsync", True)]

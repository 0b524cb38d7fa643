"""Real ClickHouse HTTP interfaces in processes of their own: see clickhouse_front.py."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from processes import DEADLINE_S

PROGRAM = Path(__file__).with_name("clickhouse_front.py")
USER, PASSWORD = "tester", "s3cret:/@word"
CLUSTER = "halves"


@dataclass(frozen=True, slots=True)
class FrontProcess:
    """A running front."""

    process: "subprocess.Popen[str]"
    port: int
    cluster: str
    """The one it knows, with two shards; empty: none."""

    @property
    def url(self) -> str:
        """What --clickhouse-url is given."""
        return f"http://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}"

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(DEADLINE_S)


@contextmanager
def front(folder: Path, *, port: int = 0, cluster: str = "") -> Iterator[FrontProcess]:
    """A front that keeps its tables in *folder*, until the end of the block."""
    command = [sys.executable, str(PROGRAM), "--data-dir", str(folder), "--port", str(port), "--cluster", cluster]
    with subprocess.Popen(
        [*command, "--user", USER, "--password", PASSWORD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
    ) as process:
        try:
            yield FrontProcess(process, _port(process), cluster)
        finally:
            process.kill()


def _port(process: "subprocess.Popen[str]") -> int:
    assert process.stdout
    watchdog = threading.Timer(DEADLINE_S, process.kill)
    watchdog.start()
    line = process.stdout.readline()
    watchdog.cancel()
    assert "front ready on" in line, f"the front said {line!r} and exited with {process.poll()}"
    return int(line.rsplit(":", 1)[1])

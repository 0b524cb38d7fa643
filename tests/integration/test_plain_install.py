"""The plain install: few distributions, a fast import, and the SDK's own suite with nothing else installed."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
MOST_DISTRIBUTIONS = 25
LONGEST_IMPORT_S = 0.25
UNREACHABLE = "connection broken by"
"""How pip says that nobody answered; a package that is missing from an index that answers is a failure."""
IMPORT = "import time; begun = time.perf_counter(); import groundspan; print(time.perf_counter() - begun)"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST_"))}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment into which this repository is installed without extras."""
    folder = tmp_path_factory.mktemp("plain")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    _install(python, str(REPOSITORY))
    return python


def _run(python: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Python so that it sees its own environment only."""
    return subprocess.run([python, *arguments], capture_output=True, text=True, cwd=REPOSITORY, env=ENVIRONMENT)


def _install(python: Path, *what: str) -> None:
    done = _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)
    if done.returncode and UNREACHABLE in done.stderr:
        pytest.skip(f"pip reaches no package index: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr


def test_plain_install_is_small_and_its_suite_passes(python: Path) -> None:
    """What it brings is counted before the suite's own needs are installed beside it."""
    listed = _run(python, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check").stdout.splitlines()
    brought = {line.partition("==")[0] for line in listed} - {"pip", "setuptools", "wheel"}
    assert "groundspan" in brought
    assert len(brought) <= MOST_DISTRIBUTIONS, sorted(brought)

    _install(python, "pytest", "hypothesis")
    suites = ("tests/unit/sdk", "tests/property/sdk")
    # The tests' conftest.py opens the collector's store, which is not part of the plain install.
    options = ("--noconftest", "-p", "no:cacheprovider", "--hypothesis-profile=ci", "-q")
    suite = _run(python, "-m", "pytest", *options, *suites)
    assert suite.returncode == 0, suite.stdout + suite.stderr


def test_import_is_fast(python: Path) -> None:
    """The best of several fresh processes: the others met a machine that was busy."""
    took_s = [float(_run(python, "-c", IMPORT).stdout) for _ in range(6)]

    assert min(took_s) < LONGEST_IMPORT_S, took_s

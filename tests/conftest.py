"""What every test may use: one store for the process, and a project of a test's own in it."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from groundspan_collector.store import Store
from hypothesis import HealthCheck, settings

# A machine that is busy with something else makes no test wrong.
settings.register_profile("groundspan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("groundspan")


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An open store. The engine takes one directory per process, so all tests share it: see ``project``."""
    folder = tmp_path_factory.mktemp("store")
    before = Path.cwd()
    # The engine writes __cache__/ into the working directory.
    os.chdir(folder)
    opened = Store.open(folder, memory_bytes=2 << 30)
    yield opened
    opened.close()
    os.chdir(before)


@pytest.fixture
def project() -> str:
    """The name of a project that no other test has rows in."""
    return f"project-{uuid4().hex[:12]}"

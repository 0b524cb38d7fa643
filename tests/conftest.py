"""What every test may use: a store, one for the process, and a project of a test's own in it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
import stores
from groundspan_collector.store import Store
from hypothesis import HealthCheck, settings

# A machine that is busy with something else makes no test wrong.
settings.register_profile("groundspan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("groundspan")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module that says EVERY_STORE over each kind of store."""
    if "store" in metafunc.fixturenames and getattr(metafunc.module, "EVERY_STORE", False):
        metafunc.parametrize("store", stores.KINDS, indirect=True)


@pytest.fixture(scope="session")
def store_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Store]]:
    """The open store of a kind. The engine takes one directory per process, so all tests share it: see ``project``."""
    folder = tmp_path_factory.mktemp("store")
    before = Path.cwd()
    # The engine writes __cache__/ into the working directory.
    os.chdir(folder)
    with ExitStack() as until_the_end:
        yield stores.opener(folder, until_the_end)
    os.chdir(before)


@pytest.fixture(scope="session")
def store(request: pytest.FixtureRequest, store_of: Callable[[str], Store]) -> Store:
    """An open store, embedded unless the module says otherwise."""
    return store_of(getattr(request, "param", stores.EMBEDDED))


@pytest.fixture
def project() -> str:
    """The name of a project that no other test has rows in."""
    return f"project-{uuid4().hex[:12]}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that delete come first: a deletion looks at every part that the tests before it left in their store."""
    items.sort(key=lambda item: item.path.name not in {"test_forget.py", "test_retention.py"})

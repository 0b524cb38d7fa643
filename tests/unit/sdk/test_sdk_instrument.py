"""gs.instrument() and gs.integrations.uninstrument(): which libraries, when, and back again."""

import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import groundspan as gs
import pytest

pytest.importorskip("openai", reason="not part of the plain install")

import openai
from openai.resources.chat.completions import Completions

ACCEPTED = ("anthropic", "langchain", "llama_index", "openai", "qdrant", "sentence_transformers")
LIBRARIES = ("anthropic", "langchain_core", "llama_index", "llama_index.core", "qdrant_client", "sentence_transformers")
ORIGINAL = Completions.create


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """A test leaves the libraries as they were."""
    yield
    gs.integrations.uninstrument()
    assert Completions.create is ORIGINAL


@pytest.fixture
def openai_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all libraries only openai can be found."""
    for library in LIBRARIES:
        monkeypatch.setitem(sys.modules, library, None)


def test_named_library_is_patched_and_left_as_it_was() -> None:
    """The very function of the library is back, and its name and signature are never lost."""
    gs.instrument("openai")
    patched = Completions.create
    gs.integrations.uninstrument("openai")

    assert patched is not ORIGINAL
    assert patched.__qualname__ == ORIGINAL.__qualname__
    assert Completions.create is ORIGINAL


def test_instrumenting_twice_is_once() -> None:
    """A library that sets itself up in two places is traced once."""
    gs.instrument("openai")
    patched = Completions.create
    gs.instrument("openai", "openai")

    assert Completions.create is patched


def test_undoing_what_was_never_done_is_nothing() -> None:
    """Named or not."""
    gs.integrations.uninstrument("openai")
    gs.integrations.uninstrument()

    assert Completions.create is ORIGINAL


def test_undoing_leaves_what_others_put_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours cannot be taken out from under theirs: it stays, and does nothing."""
    gs.instrument("openai")
    theirs = functools.wraps(Completions.create)(functools.partial(Completions.create))
    monkeypatch.setattr(Completions, "create", theirs)
    gs.integrations.uninstrument("openai")

    assert Completions.create is theirs
    monkeypatch.undo()
    Completions.create = ORIGINAL  # type: ignore[method-assign]


@pytest.mark.usefixtures("openai_alone")
def test_without_names_all_that_is_installed_is_patched() -> None:
    """What is not installed is passed over."""
    gs.instrument()

    assert Completions.create is not ORIGINAL


@pytest.mark.parametrize("function", [gs.instrument, gs.integrations.uninstrument])
def test_unknown_name_is_refused_with_the_accepted_ones(function: object) -> None:
    """A typing mistake is told at start-up."""
    with pytest.raises(gs.ConfigError) as told:
        function("openai", "opanai")  # type: ignore[operator]

    assert "'opanai'" in str(told.value)
    assert all(name in str(told.value) for name in ACCEPTED)
    assert Completions.create is ORIGINAL


@pytest.mark.usefixtures("openai_alone")
def test_named_library_that_is_not_installed_is_refused() -> None:
    """Saying what to install; nothing is patched by halves."""
    with pytest.raises(gs.ConfigError, match="pip install anthropic"):
        gs.instrument("openai", "anthropic")

    assert Completions.create is ORIGINAL


def test_import_of_groundspan_imports_no_client() -> None:
    """Only a library that is instrumented is imported."""
    program = "import sys, groundspan as gs; gs.instrument; print({'openai', 'anthropic'} & set(sys.modules))"
    sdk = str(Path(gs.__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {sdk!r}); {program}"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (ran.stdout.strip(), ran.stderr) == ("set()", "")


def test_call_before_init_is_the_library_s_own() -> None:
    """Without init() a patched client does what it always did."""
    gs.instrument("openai")
    client = openai.OpenAI(base_url="http://127.0.0.1:9", api_key="none", max_retries=0)

    with pytest.raises(openai.APIConnectionError), client:
        client.chat.completions.create(model="m", messages=[])

"""Client libraries that are traced without a decorator: ``gs.instrument("openai")``.

One file for each library: ``LIBRARY`` is what is imported of it, ``instrument()`` patches it and gives the function
that undoes that. Neither is imported before it is asked for.
"""

import threading
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Final

from groundspan._guard import Guard
from groundspan.errors import ConfigError

# What each integration is called -> what is installed for it.
_DISTRIBUTIONS: Final = {
    "anthropic": "anthropic",
    "langchain": "langchain-core",
    "llama_index": "llama-index-core",
    "openai": "openai",
    "qdrant": "qdrant-client",
    "sentence_transformers": "sentence-transformers",
}

_undo: dict[str, Callable[[], None]] = {}
_lock = threading.RLock()
_PATCHING = Guard("instrument a library")
_UNDOING = Guard("undo the instrumentation of a library")


def instrument(*names: str) -> None:
    """Trace the calls of client libraries: those that are named, or all that are installed.

    >>> gs.instrument()  # or by name: gs.instrument("openai", "qdrant")
    """
    _check(names)
    found = {name: _integration(name) for name in names or _DISTRIBUTIONS}
    missing = [name for name, integration in found.items() if integration is None]
    if names and missing:
        needed = " ".join(_DISTRIBUTIONS[name] for name in missing)
        raise ConfigError(f"instrument({', '.join(map(repr, missing))}): not installed; pip install {needed}")
    with _lock:
        for name, integration in found.items():
            if integration is not None and name not in _undo:
                with _PATCHING:
                    _undo[name] = integration.instrument()


def uninstrument(*names: str) -> None:
    """Leave client libraries as they were: those that are named, or all.

    >>> gs.integrations.uninstrument("openai")
    """
    _check(names)
    with _lock:
        for name in names or tuple(_undo):
            undo = _undo.pop(name, None)
            if undo is not None:
                with _UNDOING:
                    undo()


def _check(names: tuple[str, ...]) -> None:
    unknown = [name for name in names if name not in _DISTRIBUTIONS]
    if unknown:
        accepted = ", ".join(_DISTRIBUTIONS)
        raise ConfigError(f"no integration is called {', '.join(map(repr, unknown))}; accepted: {accepted}")


def _integration(name: str) -> ModuleType | None:
    """Give an integration whose library is installed; the library itself is not imported for that."""
    module = f"{__name__}.{name}"
    if not _is_there(module):
        return None
    integration = import_module(module)
    return integration if _is_there(integration.LIBRARY) else None


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        # The package around it is missing, or a stand-in of a test's without a spec.
        return False

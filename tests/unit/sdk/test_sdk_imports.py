"""The SDK's imports: OpenTelemetry and the standard library, nothing else."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import groundspan
import pytest

FILES = sorted(Path(groundspan.__file__).parent.glob("**/*.py"))
ALLOWED = {"groundspan", "opentelemetry", *sys.stdlib_module_names}
# Handlers are of a library's own classes; these files are imported when their library is instrumented.
HANDLERS = {"_llama_index_handler.py": {"llama_index_instrumentation"}}


def _imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.name))
def test_file_imports_only_opentelemetry_and_the_standard_library(file: Path) -> None:
    """Recognising a library's results must not need the library, nor ever the collector."""
    roots = {name.partition(".")[0] for name in _imported(file.read_text(encoding="utf-8"))}

    assert roots <= ALLOWED | HANDLERS.get(file.name, set())

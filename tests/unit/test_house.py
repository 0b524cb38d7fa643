"""The house as it is drawn in the README: who may import whom, and how large a room may be."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import groundspan
import groundspan_collector
import pytest
from groundspan import attributes

SDK = Path(groundspan.__file__).parent
COLLECTOR = Path(groundspan_collector.__file__).parent
REPOSITORY = Path(__file__).parents[2]

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "metrics", "escapes", "queries"}),
    frozenset({"judge_settings", "sampling", "server_address"}),
    frozenset(
        {
            "answers",
            "claims",
            "manifest",
            "prices",
            "accuracy",
            "rates",
            "strata",
            "parameters",
            "receipts",
            "schema",
            "settings",
            "span_tree",
            "spool",
            "structured",
            "supersede",
            "windows",
            "wording",
        }
    ),
    frozenset({"access", "bodies", "catalogue", "client", "decode", "evidence"}),
    frozenset({"decoder", "evidence_window", "server", "torn_parts"}),
    frozenset({"engine", "tables"}),
    frozenset({"lane"}),
    frozenset({"commit", "formats", "judges", "store"}),
    frozenset({"endpoint", "intake", "judgement", "judging_cost", "records", "signals", "trace_view"}),
    frozenset({"causes", "corrections", "judge_names", "tasks"}),
    frozenset({"gathering", "judging"}),
    frozenset({"desk"}),
    frozenset(
        {
            "doctor",
            "labelling",
            "offline",
            "pricing",
            "receive",
            "receive_grpc",
            "report",
            "rescoring",
            "retention",
            "score",
            "traces",
        }
    ),
    frozenset({"backup", "forget", "gauges", "labels", "scoring_api", "worker"}),
    frozenset({"app", "demo"}),
    frozenset({"cli"}),
    frozenset({"__main__"}),
)
"""A module imports only what stands above its own line here; a package's own files may import each other."""

PURE = ("accuracy", "answers", "causes", "claims", "decode", "escapes", "evidence", "evidence_window", "judgement",
        "judges", "judging_cost", "parameters", "prices", "rates", "sampling", "span_tree", "strata", "structured",
        "supersede", "tasks", "trace_view", "windows", "wording")  # fmt: skip
IMPURE_MODULES = {"os", "socket", "subprocess", "threading", "time", "urllib", "fastapi", "clickhouse_connect",
                  "uvicorn"}  # fmt: skip
WEB = {"app", "backup", "forget", "labels", "receive", "report", "scoring_api", "traces"}

KEPT_RAW = {
    attributes.CUT_CHARS: "says how much of a text is missing; shown with the span",
    attributes.HTTP_STATUS: "how a web server answered; shown with the span",
    attributes.SAMPLE_RATIO: "how many traces one of a sample stands for; kept for reports that weight",
    attributes.DATA_SOURCE: "names the index that was asked; shown with the span",
    attributes.EMBEDDING_COUNT: "shown with the span; no report asks for it",
    attributes.REQUEST_MAX_TOKENS: "how the model was asked; shown with the span",
    attributes.REQUEST_TEMPERATURE: "how the model was asked; shown with the span",
    attributes.REQUEST_TOP_P: "how the model was asked; shown with the span",
    attributes.STREAM_GAP_MAX_S: "how smooth one answer was; shown with the span",
    attributes.STREAM_GAP_P50_S: "how smooth one answer was; shown with the span",
    attributes.STREAM_OUTCOME: "how one stream ended; shown with the span",
    attributes.STREAM_PIECES: "what the times of a stream were taken of; shown with the span",
    attributes.STREAM_TOKENS_PER_S: "how fast one answer was; shown with the span",
    attributes.STREAM_TOKENS_SOURCE: "says what was counted; shown with the span",
    attributes.TOKENIZER: "shown with the span; no report asks for it",
    attributes.TOKENS_COUNT: "counts that nobody bills; shown with the span",
    attributes.TOOL_ARGUMENTS: "shown with the span; answers are not judged against it",
    attributes.TOOL_RESULT: "shown with the span; answers are not judged against it",
    attributes.WORKFLOW_NAME: "is the span's name as well",
}
"""Attributes of ours that no column is made of, and why."""


def _name(file: Path) -> str:
    """A collector file's module or package, as LAYERS calls it."""
    return file.relative_to(COLLECTOR).parts[0].removesuffix(".py")


def _sources(*folders: Path) -> list[Path]:
    return sorted(file for folder in folders for file in folder.rglob("*.py"))


def _imports(file: Path) -> Iterator[str]:
    """Everything that *file* imports, by its full name, functions' own imports included."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _inner_imports(file: Path) -> set[str]:
    """The collector's modules that *file* imports."""
    prefix = groundspan_collector.__name__ + "."
    return {name.removeprefix(prefix).partition(".")[0] for name in _imports(file) if name.startswith(prefix)}


def test_every_module_has_its_place() -> None:
    """A new file is put on a line of LAYERS, a deleted one is taken off."""
    files = {_name(file) for file in _sources(COLLECTOR)} - {"__init__"}

    assert files == frozenset().union(*LAYERS)


@pytest.mark.parametrize("file", _sources(COLLECTOR), ids=lambda file: str(file.relative_to(COLLECTOR)))
def test_imports_point_one_way(file: Path) -> None:
    """From the command line down to the errors, never back."""
    line = next((number for number, layer in enumerate(LAYERS) if _name(file) in layer), 0)
    allowed = frozenset({_name(file)}).union(*LAYERS[:line])

    assert _inner_imports(file) <= allowed


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_import_no_world(name: str) -> None:
    """No files, no network, no clock, no settings: what they say depends on what they are given."""
    files = [file for file in _sources(COLLECTOR) if _name(file) == name]
    roots = {imported.partition(".")[0] for file in files for imported in _imports(file)}

    assert files
    assert not roots & IMPURE_MODULES
    assert not any(_inner_imports(file) & {"settings", "store", "client"} for file in files)
    assert not any("datetime.now" in file.read_text(encoding="utf-8") for file in files)


def test_sdk_and_collector_never_import_each_other() -> None:
    """The one is a library in other people's programs, the other a program that nobody imports."""
    from_sdk = {name.partition(".")[0] for file in _sources(SDK) for name in _imports(file)}
    from_collector = {name.partition(".")[0] for file in _sources(COLLECTOR) for name in _imports(file)}

    assert "groundspan_collector" not in from_sdk
    assert "groundspan" not in from_collector


def test_environment_is_read_in_settings_only() -> None:
    """So that one place says what can be set."""
    readers = {
        file.name
        for file in _sources(SDK, COLLECTOR)
        if any(word in file.read_text(encoding="utf-8") for word in ("os.environ", "getenv"))
    }

    assert readers == {"settings.py"}


def test_fastapi_is_imported_where_requests_are_answered_only() -> None:
    """Everything else can be called without a server."""
    importers = {
        _name(file)
        for file in _sources(COLLECTOR)
        if any(name.partition(".")[0] in {"fastapi", "starlette"} for name in _imports(file))
    }

    assert importers <= WEB


def test_store_alone_talks_to_the_engine() -> None:
    """One place knows which engine it is."""
    importers = {
        _name(file)
        for file in _sources(COLLECTOR)
        if any(name.partition(".")[0] in {"chdb", "clickhouse_connect"} for name in _imports(file))
    }

    assert importers == {"decoder", "engine", "lane", "server", "store", "tables", "torn_parts"}


def test_no_file_is_named_after_nothing() -> None:
    """What is in it has a name."""
    vague = {"utils", "helpers", "common", "base", "misc", "util"}

    assert not [file for file in _sources(SDK, COLLECTOR, REPOSITORY / "tests") if file.stem in vague]


FOLDERS = [REPOSITORY / name for name in ("sdk", "collector", "examples", "bench", "train")]


@pytest.mark.parametrize("file", _sources(*FOLDERS), ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_files_and_functions_have_a_size_that_can_be_read(file: Path) -> None:
    """At most 400 lines a file, 60 a function."""
    text = file.read_text(encoding="utf-8")
    long = [
        f"{node.name}: {lines} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > 60
    ]

    assert long == []
    assert len(text.splitlines()) <= 400


def _attribute_keys() -> dict[str, str]:
    """The SDK's attribute keys: name of the constant -> key."""
    return {name: value for name, value in vars(attributes).items() if name.isupper() and isinstance(value, str)}


def test_every_attribute_of_the_sdk_is_read_by_the_collector() -> None:
    """What is written and never read is paid for by every request of every user."""
    decode = COLLECTOR / "decode"
    read = "".join(file.read_text(encoding="utf-8") for file in decode.iterdir() if file.suffix in {".py", ".sql"})
    unread = {key for key in _attribute_keys().values() if f'"{key}"' not in read and f"'{key}'" not in read}

    assert unread == set(KEPT_RAW)


def test_attribute_keys_of_the_sdk_are_written_once() -> None:
    """Two constants for one key would drift apart."""
    keys = list(_attribute_keys().values())

    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("file", _sources(SDK), ids=lambda file: file.name)
def test_sdk_needs_opentelemetry_alone(file: Path) -> None:
    """The plain install is the SDK. A library's handlers are its own classes, imported when it is instrumented."""
    roots = {name.partition(".")[0] for name in _imports(file)}
    handled = {"_llama_index_handler.py": {"llama_index_instrumentation"}}.get(file.name, set())

    assert roots <= {"groundspan", "opentelemetry", *handled, *sys.stdlib_module_names}

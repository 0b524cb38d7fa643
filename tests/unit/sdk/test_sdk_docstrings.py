"""The examples in the docstrings of what users call: they run, and print what they say."""

import doctest
import inspect
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

import groundspan as gs
import pytest
from groundspan import errors, settings, testing
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from sdk_support import strict_spans, stub_collector

PUBLIC_MODULES = (gs, testing, settings, errors)


def _public() -> Iterator[tuple[str, object]]:
    """Give what users call, its methods included, by the name they call it by."""
    for module in PUBLIC_MODULES:
        yield module.__name__, module
        names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
        for name in names:
            found = getattr(module, name)
            if isinstance(found, ModuleType) or not getattr(found, "__module__", "").startswith("groundspan"):
                continue
            yield f"{module.__name__}.{name}", found
            kind = found if inspect.isclass(found) else type(found)
            for method, function in vars(kind).items():
                if inspect.isfunction(function) and not method.startswith("_"):
                    yield f"{module.__name__}.{name}.{method}", function


def _examples() -> dict[str, doctest.DocTest]:
    """Give the docstrings with examples, each once."""
    parser, found = doctest.DocTestParser(), dict[str, doctest.DocTest]()
    texts: set[str] = set()
    for name, thing in _public():
        text = inspect.getdoc(thing) or ""
        if ">>>" in text and text not in texts:
            texts.add(text)
            found[name] = parser.get_doctest(text, {}, name, None, None)
    return found


EXAMPLES = _examples()


@gs.retrieve(top_k=1)
def search(query: str) -> list[str]:
    """Find one chunk, whatever is asked."""
    return [f"A deque is what {query!r} asks for."]


@gs.pipeline
def answer(question: str) -> str:
    """Answer with the chunk."""
    gs.relevant(["doc-17"])
    return search(question)[0]


@contextmanager
def _prepared(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """The names that examples use for an application of the reader's own; what is sent goes to a stub."""
    with stub_collector() as collector, strict_spans():
        monkeypatch.setenv("GROUNDSPAN_ENDPOINT", collector.endpoint)
        provider = TracerProvider(shutdown_on_exit=False)
        monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
        yield {
            "ThreadPoolExecutor": ThreadPoolExecutor,
            "answer": answer,
            "capture_spans": testing.capture_spans,
            "gs": gs,
            "httpx": SimpleNamespace(post=_post),
            "queries": ["What is a deque?", "What is a list?"],
            "query": "What is a deque?",
            "request": SimpleNamespace(headers={}),
            "search": search,
            "url": "http://127.0.0.1/search",
        }
        gs.shutdown()
        gs.integrations.uninstrument()


def _post(url: str, *, json: object, headers: dict[str, str]) -> None:
    """Stand in for the client that is not part of the plain install."""
    assert url
    assert json
    assert isinstance(headers, dict)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who pastes it gets what it says."""
    example, said = EXAMPLES[name], io.StringIO()
    with _prepared(monkeypatch) as names:
        example.globs.update(names)
        result = doctest.DocTestRunner(verbose=False).run(example, out=said.write, clear_globs=False)

    assert result.failed == 0, said.getvalue()
    assert result.attempted > 0


def test_examples_are_found() -> None:
    """The main entrances have one."""
    assert {"groundspan", "groundspan.init", "groundspan.context", "groundspan.carry"} <= set(EXAMPLES)

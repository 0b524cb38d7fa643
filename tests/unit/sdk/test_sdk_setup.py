"""init(), flush(), shutdown(): real processes against a collector that answers, is absent, or hangs."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from sdk_support import StubCollector, stub_collector

APP = """
import groundspan as gs

@gs.retrieve(data_source="docs")
def search(query):
    return [query]

@gs.pipeline(name="app")
def answer(question):
    return search(question)[0]
"""
TIMED = """
import json, statistics, time

def spent(count=200):
    times = []
    for _ in range(count):
        started = time.perf_counter()
        assert answer("q") == "q"
        times.append(time.perf_counter() - started)
    return statistics.median(times)

print(json.dumps(spent()))
"""


@pytest.fixture
def collector() -> Iterator[StubCollector]:
    """A collector that answers."""
    with stub_collector() as stub:
        yield stub


def run(*parts: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a program as its own process; warnings are errors in it too."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "GROUNDSPAN_"))}
    command = [sys.executable, "-W", "error", "-c", "\n".join(parts)]
    return subprocess.run(command, env=inherited | environ, capture_output=True, text=True, timeout=60, check=True)


def test_spans_arrive_when_the_process_just_ends(collector: StubCollector) -> None:
    """Nobody has to flush: the end of the process does."""
    run(APP, "gs.init('bot')", "answer('q')", GROUNDSPAN_ENDPOINT=collector.endpoint)

    assert collector.names() == ["retrieval docs", "invoke_workflow app"]
    assert collector.paths == ["/v1/traces"]


def test_resource_says_who_sends(collector: StubCollector) -> None:
    """Service, project, version and environment are the resource's; explicit ones win over the environment's."""
    run(
        APP,
        "gs.init('bot', project='support', version='1.4', environment='staging')",
        "answer('q')",
        GROUNDSPAN_ENDPOINT=collector.endpoint,
        GROUNDSPAN_VERSION="0.1",
    )
    (resource,) = collector.resources()
    sent = {each.key: each.value.string_value for each in resource.resource.attributes}

    assert (sent["service.name"], sent["groundspan.project"]) == ("bot", "support")
    assert (sent["service.version"], sent["deployment.environment.name"]) == ("1.4", "staging")


def test_token_and_compression_are_in_the_headers(collector: StubCollector) -> None:
    """The token goes as Bearer, the body as gzip."""
    run(APP, "gs.init()", "answer('q')", GROUNDSPAN_ENDPOINT=collector.endpoint, GROUNDSPAN_TOKEN="s3cret")

    assert collector.headers[0]["authorization"] == "Bearer s3cret"
    assert collector.headers[0]["content-encoding"] == "gzip"


JOINING = """
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

theirs = InMemorySpanExporter()
provider = TracerProvider(resource=Resource.create({"service.name": "host"}))
provider.add_span_processor(SimpleSpanProcessor(theirs))
trace.set_tracer_provider(provider)
gs.init(project="support", version="1.4")
assert trace.get_tracer_provider() is provider
answer("q")
assert len(theirs.get_finished_spans()) == 2
"""


def test_provider_that_is_set_is_joined(collector: StubCollector) -> None:
    """The host keeps its provider and its exporters; ours says on each span what the resource cannot."""
    run(APP, JOINING, GROUNDSPAN_ENDPOINT=collector.endpoint)
    (resource,) = collector.resources()
    spans = [span for scope in resource.scope_spans for span in scope.spans]

    assert "host" in {each.value.string_value for each in resource.resource.attributes}
    for span in spans:
        written = {each.key: each.value.string_value for each in span.attributes}
        assert (written["groundspan.project"], written["service.version"]) == ("support", "1.4")


def test_flush_tells_whether_spans_arrived(collector: StubCollector) -> None:
    """True after the collector has them; nothing comes after shutdown()."""
    run(
        APP,
        "gs.init()",
        "answer('q')",
        "assert gs.flush(timeout_s=20)",
        "assert gs.shutdown()",
        "answer('q')",
        "assert gs.flush() and gs.shutdown()",
        GROUNDSPAN_ENDPOINT=collector.endpoint,
    )

    assert len(collector.names()) == 2


def test_second_init_starts_anew(collector: StubCollector) -> None:
    """What was waiting is sent as it was, what follows goes by the new settings, once."""
    run(
        APP,
        "gs.init(project='one')",
        "answer('q')",
        "gs.init(project='two')",
        "answer('q')",
        GROUNDSPAN_ENDPOINT=collector.endpoint,
    )

    assert len(collector.names()) == 4
    last = collector.requests[-1].resource_spans[0].scope_spans[0].spans[0]
    assert "two" in {each.value.string_value for each in last.attributes if each.key == "groundspan.project"}


def test_nothing_is_sent_when_disabled(collector: StubCollector) -> None:
    """A disabled application runs as if it were not decorated."""
    run(APP, "gs.init()", "answer('q')", GROUNDSPAN_ENDPOINT=collector.endpoint, GROUNDSPAN_DISABLED="1")

    assert collector.requests == []


def test_many_attributes_keep_the_first(collector: StubCollector) -> None:
    """OTel's limit of 128 would drop the stage first."""
    more = "with gs.tool.span('t') as span:\n    for n in range(300): span.set(f'app.n{n}', n)"
    run(APP, "gs.init()", more, GROUNDSPAN_ENDPOINT=collector.endpoint)
    (span,) = collector.resources()[0].scope_spans[0].spans

    assert {"groundspan.stage", "app.n0", "app.n299"} <= {each.key for each in span.attributes}


def test_forked_child_sends_its_own_spans(collector: StubCollector) -> None:
    """A worker forked after init() has a sender of its own, and repeats nothing of its parent's."""
    # Newer Pythons warn of a fork beside threads; being unharmed by one is the point.
    quiet = "import os, warnings\nwarnings.simplefilter('ignore', DeprecationWarning)\ngs.init()"
    forking = "answer('parent')\nchild = os.fork()\nif not child: answer('child')"
    run(APP, quiet, forking, "if child: os.waitpid(child, 0)", GROUNDSPAN_ENDPOINT=collector.endpoint)

    assert len(collector.names()) == 4


def test_spans_from_many_threads_all_arrive(collector: StubCollector) -> None:
    """Several batches' worth, from threads."""
    threads = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as pool: list(pool.map(answer, ['q'] * 1000))"
    )
    run(APP, "gs.init()", threads, GROUNDSPAN_ENDPOINT=collector.endpoint)

    assert len(collector.names()) == 2000
    assert len(collector.requests) >= 4


@pytest.fixture
def absent() -> str:
    """The address of a collector that is not there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of a collector that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("kind", ["absent", "hanging"])
def test_process_exits_in_time_when_the_collector_does_not_answer(kind: str, request: pytest.FixtureRequest) -> None:
    """The application answers as ever, and its process ends within 5 s, with 3,000 spans unsent."""
    endpoint = str(request.getfixturevalue(kind))
    begun = time.monotonic()
    run(APP, "gs.init()", "for _ in range(1500): assert answer('q') == 'q'", GROUNDSPAN_ENDPOINT=endpoint)

    assert time.monotonic() - begun < 5


def test_process_exits_at_once_when_it_is_told_not_to_wait(hanging: str) -> None:
    """shutdown_timeout_s=0 means do not wait."""
    begun = time.monotonic()
    run(APP, "gs.init(shutdown_timeout_s=0)", "answer('q')", GROUNDSPAN_ENDPOINT=hanging)

    assert time.monotonic() - begun < 2.5


def test_joined_provider_does_not_hold_the_process(absent: str) -> None:
    """At exit the host's provider shuts our processor down too: within the same time."""
    begun = time.monotonic()
    run(APP, JOINING, GROUNDSPAN_ENDPOINT=absent)

    assert time.monotonic() - begun < 5


def test_flush_honours_its_timeout_when_the_collector_hangs(hanging: str) -> None:
    """A flush that fails says so, in time."""
    flushing = (
        "import time\nbegun = time.monotonic()\nassert not gs.flush(timeout_s=0.3)\nassert time.monotonic() - begun < 1"
    )
    run(APP, "import time", "gs.init(shutdown_timeout_s=0)", "answer('q')", flushing, GROUNDSPAN_ENDPOINT=hanging)


def test_answers_are_as_fast_when_the_collector_is_absent(collector: StubCollector, absent: str) -> None:
    """The request path never waits for the collector: a request's median stays under a millisecond."""
    healthy = json.loads(run(APP, "gs.init()", TIMED, GROUNDSPAN_ENDPOINT=collector.endpoint).stdout)
    alone = json.loads(run(APP, "gs.init()", TIMED, GROUNDSPAN_ENDPOINT=absent).stdout)

    assert healthy < 0.001
    assert alone < 0.001


def test_import_brings_nothing_heavy() -> None:
    """Importing the SDK imports neither its HTTP client nor any library it reads the results of."""
    heavy = "{'requests', 'numpy', 'openai', 'qdrant_client', 'opentelemetry.sdk.trace', 'pydantic'}"
    run("import sys", "import groundspan", f"assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)")

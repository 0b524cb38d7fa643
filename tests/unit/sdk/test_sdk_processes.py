"""Processes that fork, spawn, and end: each sends its own spans, once."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sdk_support import StubCollector, stub_collector

WORKERS = 4
HEAD = """
import multiprocessing, os, sys, warnings
import groundspan as gs
# Newer Pythons warn of a fork beside threads; being unharmed by one is the point.
warnings.simplefilter("ignore", DeprecationWarning)

@gs.tool
def work(name):
    return name
"""


@pytest.fixture
def collector() -> Iterator[StubCollector]:
    """A collector that answers."""
    with stub_collector() as stub:
        yield stub


def run(folder: Path, collector: StubCollector, program: str) -> None:
    """Run a program as a file, for spawned workers import it; it must end by itself, and well."""
    file = folder / "app.py"
    file.write_text(HEAD + program, encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "GROUNDSPAN_"))}
    environ = inherited | {"GROUNDSPAN_ENDPOINT": collector.endpoint}
    subprocess.run([sys.executable, "-W", "error", str(file)], env=environ, timeout=60, check=True)


def spans(collector: StubCollector) -> list[Span]:
    """Give all spans that came."""
    return [span for each in collector.resources() for scope in each.scope_spans for span in scope.spans]


def results(collector: StubCollector) -> list[str]:
    """Give what each span's tool returned, sorted."""
    pairs = [(each.key, each.value.string_value) for span in spans(collector) for each in span.attributes]
    return sorted(value for key, value in pairs if key == "gen_ai.tool.call.result")


IN_MODULE = "gs.init()"
IN_WORKER = "def work_after_init(name):\n    gs.init()\n    return work(name)"
PROCESSES = """
if __name__ == "__main__":
    {parent}
    context = multiprocessing.get_context("{method}")
    workers = [context.Process(target={target}, args=(f"child {{n}}",)) for n in range(4)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
"""
CHILDREN = [f"child {number}" for number in range(WORKERS)]


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_workers_and_parent_send_once_when_the_module_calls_init(
    method: str, tmp_path: Path, collector: StubCollector
) -> None:
    """What the parent has waiting at the fork is the parent's; workers just end, and lose nothing."""
    program = IN_MODULE + PROCESSES.format(method=method, parent="work('parent')", target="work")
    run(tmp_path, collector, program)

    assert results(collector) == [*CHILDREN, "parent"]


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_workers_send_when_they_call_init_themselves(method: str, tmp_path: Path, collector: StubCollector) -> None:
    """init() within a worker, where the parent has none."""
    program = IN_WORKER + PROCESSES.format(method=method, parent="pass", target="work_after_init")
    run(tmp_path, collector, program)

    assert results(collector) == CHILDREN


POOL = """
if __name__ == "__main__":
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("{method}")) as pool:
        assert list(pool.map(work, map(str, range(100)))) == list(map(str, range(100)))
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_pool_of_processes_sends_each_span_once(method: str, tmp_path: Path, collector: StubCollector) -> None:
    """The workers of a pool send what is left when the pool ends."""
    run(tmp_path, collector, "gs.init()" + POOL.format(method=method))

    assert results(collector) == sorted(map(str, range(100)))


PREFORK = """
gs.init()
work("master")
assert gs.flush()  # a connection is open, and would be shared
children = []
for number in range(4):
    child = os.fork()
    if not child:
        for turn in range(20):
            work(f"worker {number} turn {turn}")
            assert gs.flush()
        sys.exit(0)
    children.append(child)
for turn in range(20):
    work(f"master turn {turn}")
    assert gs.flush()
assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
"""


def test_forked_servers_share_no_connection(tmp_path: Path, collector: StubCollector) -> None:
    """A master that has sent already and its workers write at the same time, each on its own connection."""
    run(tmp_path, collector, PREFORK)
    sent = Counter(results(collector))

    turns = [f"{who} turn {turn}" for who in ("master", *(f"worker {n}" for n in range(WORKERS))) for turn in range(20)]
    assert sent == Counter(["master", *turns])
    assert len(collector.connections) == WORKERS + 1


def test_fork_within_a_stage_keeps_the_trace(tmp_path: Path, collector: StubCollector) -> None:
    """A worker forked inside a pipeline works for that pipeline; spans of all processes have ids of their own."""
    processes = PROCESSES.format(method="fork", parent="", target="work").replace("\n", "\n    ")
    program = (
        IN_MODULE
        + "\nif True:\n    "
        + processes.replace(
            "for worker in workers: worker.start()", "with gs.pipeline.span(): [worker.start() for worker in workers]"
        )
    )
    run(tmp_path, collector, program)
    (pipeline,) = [span for span in spans(collector) if span.name.startswith("invoke_workflow")]

    assert len({span.span_id for span in spans(collector)}) == WORKERS + 1
    assert {span.parent_span_id for span in spans(collector) if span is not pipeline} == {pipeline.span_id}


SPAWNED = """
gs.init()
def continued(headers, name):
    with gs.continued(headers):
        work(name)

if __name__ == "__main__":
    with gs.pipeline.span():
        worker = multiprocessing.get_context("spawn").Process(target=continued, args=(gs.headers(), "child"))
        worker.start()
        worker.join()
"""


def test_spawned_worker_continues_the_trace_of_its_headers(tmp_path: Path, collector: StubCollector) -> None:
    """A spawned process inherits nothing: gs.headers() goes along as an argument."""
    run(tmp_path, collector, SPAWNED)
    child, pipeline = sorted(spans(collector), key=lambda span: not span.parent_span_id)

    assert child.parent_span_id == pipeline.span_id


ABSENT = """
gs.init(endpoint="http://127.0.0.1:9", shutdown_timeout_s=0.5)
if __name__ == "__main__":
    worker = multiprocessing.get_context("fork").Process(target=work, args=("child",))
    worker.start()
    worker.join(20)
    assert worker.exitcode == 0
"""


def test_worker_ends_in_time_when_the_collector_is_absent(tmp_path: Path, collector: StubCollector) -> None:
    """Neither the worker nor its parent hangs."""
    run(tmp_path, collector, ABSENT)

    assert results(collector) == []

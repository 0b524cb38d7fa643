"""Collectors whose spans are on a ClickHouse server: a real process that speaks its HTTP interface."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import fronts
import otlp
import pytest
from fronts import FrontProcess, front
from processes import CollectorProcess, collector, eventually


@pytest.fixture(scope="module", params=["", fronts.CLUSTER], ids=["server", "cluster"])
def running_front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontProcess]:
    """A server, or a cluster of two shards."""
    with front(tmp_path_factory.mktemp("front"), cluster=request.param) as running:
        yield running


def options(front: FrontProcess, database: str) -> list[str]:
    """What a collector is told to store on *front*."""
    return ["--clickhouse-url", f"{front.url}/{database}", *(["--cluster", front.cluster] if front.cluster else [])]


def call(name: str = "chat", **more: otlp.Value) -> bytes:
    """A request with a paid call that was made just now, with an answer to judge."""
    attributes: otlp.Attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 100,
        **more,
    }
    return otlp.body(otlp.span(attributes, name=name, start_ns=time.time_ns() - 2 * otlp.SECOND))


def calls(running: CollectorProcess) -> int:
    """How many calls the cost report counts."""
    return sum(row["calls"] for row in running.rows("cost"))


def test_spans_of_two_collectors_are_in_both_ones_reports(running_front: FrontProcess, tmp_path: Path) -> None:
    """Both start at once, and bring the schema to the server at once; a span that reaches both is one span."""
    both: list[CollectorProcess] = []
    with ExitStack() as until_the_end:
        start = [
            threading.Thread(
                target=lambda name=name: both.append(
                    until_the_end.enter_context(collector(tmp_path / name, *options(running_front, "shared")))
                )
            )
            for name in ("one", "two")
        ]
        for thread in start:
            thread.start()
        for thread in start:
            thread.join()
        one, two = both
        body = call()

        assert [one.send(body).status, two.send(body).status, two.send(call()).status] == [200, 200, 200]
        assert calls(one) == calls(two) == 2
        eventually(lambda: [row["unpriced_calls"] for row in one.rows("cost")] == [0])


def test_spans_wait_in_the_spool_when_the_server_is_gone(tmp_path: Path) -> None:
    """They are acknowledged, and stored when it is back; reports say that it is gone meanwhile."""
    place = tmp_path / "front"
    place.mkdir()
    with front(place) as first, collector(tmp_path / "data", *options(first, "spans")) as running:
        assert running.send(call()).status == 200
        first.kill()

        assert running.send(call()).status == 200
        assert running.metrics()["groundspan_spans_spooled"] == 1
        with front(place, port=first.port):
            eventually(lambda: running.metrics()["groundspan_spans_spooled"] == 0)
            assert calls(running) == 2

"""What workers ask over HTTP: in a real server, with a real worker; and what is refused."""

import io
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from groundspan_collector import scoring_api
from groundspan_collector.desk import Desk
from groundspan_collector.errors import CollectorError, ConfigError
from groundspan_collector.settings import WHOLE
from groundspan_collector.store import Store
from groundspan_collector.worker import Shown, Work, Worker, progress_line
from scoring import QUIET_S, T0, Clock, Counting, Trace
from served_app import served

MIB = 1 << 20


def application(store: Store, clock: Clock, project: str) -> FastAPI:
    """The endpoints, over the one project of the test."""
    app = FastAPI()
    desk = Desk(store, clock, settled=clock, quiet_s=QUIET_S)
    app.include_router(
        scoring_api.router(desk, lambda _: (store, project), max_body_bytes=MIB, max_in_flight_bytes=4 * MIB)
    )

    @app.exception_handler(CollectorError)
    async def refused(_: Request, error: CollectorError) -> Response:
        return Response(json.dumps({"error": str(error)}), error.http_status, media_type="application/json")

    return app


@pytest.fixture
def clock() -> Clock:
    """A clock when everything of T0 is quiet."""
    return Clock(T0 + timedelta(seconds=3))


@pytest.fixture
def client(store: Store, clock: Clock, project: str) -> TestClient:
    """What posts to them."""
    return TestClient(application(store, clock, project))


@pytest.fixture
def trace(store: Store, project: str) -> Trace:
    """A trace that went quiet."""
    trace = Trace(store, project)
    trace.send("root", "retrieve", at=T0)
    return trace


def worker(url: str, judge: Counting) -> Worker:
    """A worker of the server at *url*."""
    return Worker(Work(url, "", judge.name, WHOLE, 1), judge, threading.Event())


@pytest.fixture
def working(store: Store, clock: Clock, project: str) -> Iterator[str]:
    """The address of a server."""
    with served(application(store, clock, project)) as url:
        yield url


def asked(client: TestClient, what: str, document: object) -> Any:
    """What is answered."""
    answer = client.post(f"/api/v1/scoring/{what}", json=document)
    return answer.status_code, answer.json()


def taken(client: TestClient, project: str) -> list[dict[str, Any]]:
    """The tasks for a judge of the project's name."""
    status, answer = asked(client, "take", {"judge": project, "judge_version": "1", "holder": "me"})
    assert status == 200, answer
    tasks: list[dict[str, Any]] = answer["tasks"]
    return tasks


def test_worker_judges_what_is_due(working: str, project: str, trace: Trace) -> None:
    """And ends, where it is told so, when nothing is."""
    judge = Counting(project)
    one = worker(working, judge)

    judged = one.score(until_idle=True)
    again = one.score(until_idle=True)
    one.close()

    assert (judged, again) == (1, 0)
    assert len(judge.cases) == 1
    assert [(row["judge"], row["status"], row["beside"]) for row in trace.answers()] == [(project, "judged", False)]


def test_worker_judges_the_past_beside_and_only_once(working: str, project: str, trace: Trace) -> None:
    """The second run has nothing left; progress says how much there is."""
    line, other = Counting(project), Counting("other")
    first = worker(working, line)
    first.score(until_idle=True)
    first.close()
    second, shown = worker(working, other), list[tuple[int, int]]()
    window = {"since": "2026-09-09T00:00:00Z", "until": "2026-09-10T00:00:00Z"}

    ended = [second.rescore(window, lambda *of: shown.append(of)) for _ in range(2)]
    second.close()

    assert ended == [True, True]
    assert len(other.cases) == 1
    assert shown == [(1, 0), (1, 1), (1, 1), (1, 1)]
    assert [row["judge"] for row in trace.answers()] == [project]


def test_rescore_makes_good_what_the_same_judge_failed_on(working: str, project: str, trace: Trace) -> None:
    """Then it is no judgement beside."""
    judge = Counting(project, fails_on="1889")
    failing = worker(working, judge)
    failing._judging._wait = lambda _: None
    failing.score(until_idle=True)
    before = [row["status"] for row in trace.answers()]
    judge.fails_on = ""

    failing.rescore({"since": "2026-09-09T00:00:00Z", "until": "2026-09-10T00:00:00Z"}, lambda *_: None)
    failing.close()

    assert before == ["unjudged"]
    assert [(row["status"], row["beside"]) for row in trace.answers()] == [("judged", False)]


def test_rescore_passes_over_an_answer_that_changed(working: str, project: str, trace: Trace) -> None:
    """Late chunks came: it is about to be judged as it is now."""
    first, other = worker(working, Counting(project)), Counting("other")
    first.score(until_idle=True)
    first.close()
    trace.send("retrieve", at=T0 + timedelta(seconds=2), chunk="It has 1665 steps.")
    second = worker(working, other)

    second.rescore({"since": "2026-09-09T00:00:00Z", "until": "2026-09-10T00:00:00Z"}, lambda *_: None)
    second.close()

    assert other.cases == []


def test_lease_is_renewed_and_let_go(client: TestClient, clock: Clock, project: str, trace: Trace) -> None:
    """A worker that lives keeps what it took; one that ends lets go of it."""
    assert len(taken(client, project)) == 1
    clock.now += timedelta(seconds=15)
    assert asked(client, "renew", {"holder": "me"}) == (200, {"held": 1})
    clock.now += timedelta(seconds=15)
    meanwhile = taken(client, project)
    assert asked(client, "renew", {"holder": "another", "release": True}) == (200, {"held": 0})
    assert asked(client, "renew", {"holder": "me", "release": True}) == (200, {"held": 1})

    assert meanwhile == []
    assert len(taken(client, project)) == 1
    assert trace.answers() == []


@pytest.mark.parametrize(
    ("what", "document", "words"),
    [
        ("take", [], "JSON object"),
        ("take", {"judge": "x", "judge_version": "1"}, "holder must be"),
        ("take", {"judge": "", "judge_version": "1", "holder": "me"}, "judge must be a string of 1 to 300"),
        ("take", {"judge": "x", "judge_version": "1", "holder": "me", "share": "3/2"}, "share must be like 2/3"),
        ("take", {"judge": "x", "judge_version": "1", "holder": "me", "most": 0}, "most must be a whole number from 1"),
        ("give", {"results": 1}, "results must be an array"),
        ("give", {"results": [{}]}, "a result must be"),
        ("give", {"results": [{"answer": {"project": "p"}, "verdicts": []}]}, "of one version"),
        ("rescore", {"judge": "x", "judge_version": "1"}, "since must say"),
        ("rescore", {"judge": "x", "judge_version": "1", "since": "1h", "after": "x"}, "a project and a trace id"),
        ("rescore", {"judge": "x", "judge_version": "1", "since": "never"}, "since must be a time"),
    ],
)
def test_what_is_no_request_is_refused(client: TestClient, what: str, document: object, words: str) -> None:
    """With what is accepted."""
    status, answer = asked(client, what, document)

    assert (status, words in answer["error"]) == (400, True), answer


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("status", "perfect"),
        ("claims", 7),
        ("ungrounded", 1),
        ("ungrounded_probability", "high"),
        ("input_hash", -1),
        ("root_start", "yesterday"),
        ("segments", {"a": 1}),
        ("causes", {"dropped": "many"}),
    ],
)
def test_result_that_would_be_no_row_is_refused(
    client: TestClient, project: str, trace: Trace, place: str, value: object
) -> None:
    """Nothing of it is stored."""
    (task,) = taken(client, project)
    row = task["row"] | {
        "status": "no_claims", "reason": "", "ungrounded": False, "ungrounded_probability": 0.0, "claims": 0,
        "supported_claims": 0, "contradicted_claims": 0, "unsupported_claims": 0, "unjudged_claims": 0, "causes": {},
        "attempts": 1, "judged_at": "2026-09-09T13:00:05+00:00",
    }  # fmt: skip

    status, answer = asked(client, "give", {"results": [{"answer": row | {place: value}, "verdicts": []}]})

    assert (status, place in answer["error"] or "claims" in answer["error"]) == (400, True), answer
    assert trace.answers() == []
    assert asked(client, "give", {"results": [{"answer": row, "verdicts": []}]}) == (200, {"stored": 1})


def test_other_projects_are_refused(client: TestClient, project: str, trace: Trace) -> None:
    """The token's project is the only one that may be judged with it."""
    (task,) = taken(client, project)
    row = task["row"] | {"project": "another"}
    full = row | {
        "status": "no_claims", "reason": "", "ungrounded": False, "ungrounded_probability": 0.0, "claims": 0,
        "supported_claims": 0, "contradicted_claims": 0, "unsupported_claims": 0, "unjudged_claims": 0, "causes": {},
        "attempts": 1, "judged_at": "2026-09-09T13:00:05+00:00",
    }  # fmt: skip

    status, _ = asked(client, "give", {"results": [{"answer": full, "verdicts": []}]})

    assert status == 403
    assert trace.answers() == []


def test_body_that_is_too_large_is_refused(client: TestClient) -> None:
    """Before it is held."""
    assert asked(client, "give", {"results": ["x" * 2 * MIB]})[0] == 413


@pytest.mark.parametrize(
    ("total", "done", "passed_s", "done_now", "line"),
    [
        (0, 0, 0, 0, "no answers in this window"),
        (10, 5, 0, 0, "5 of 10 answers (50%)"),
        (2000, 500, 10, 100, "500 of 2,000 answers (25%), 10.0 a second, 2 min left"),
        (20, 10, 2, 4, "10 of 20 answers (50%), 2.0 a second, 5 s left"),
        (100_000, 0, 10, 10, "0 of 100,000 answers (0%), 1.0 a second, 27.8 h left"),
    ],
)
def test_progress_says_what_is_left(total: int, done: int, passed_s: float, done_now: int, line: str) -> None:
    """With the rate of this run."""
    assert progress_line(total, done, passed_s, done_now) == line


def test_progress_is_a_line_now_and_then_where_nobody_looks() -> None:
    """A log is not filled; the last line is always there."""
    output, times = io.StringIO(), iter([0.0, 1.0, 11.0, 12.0])
    shown = Shown(output, lambda: next(times))
    for done in (0, 10, 110, 120):
        shown(120, done)
    shown.end()

    assert output.getvalue().splitlines() == [
        "0 of 120 answers (0%)",
        "110 of 120 answers (92%), 10.0 a second, 1 s left",
        "120 of 120 answers (100%), 10.0 a second, 0 s left",
    ]


def test_worker_that_is_told_a_wrong_address_says_so(project: str) -> None:
    """At once: no waiting helps."""
    lost = worker("ftp://nowhere", Counting(project))
    with pytest.raises(ConfigError, match="--url must begin with"):
        lost.score(until_idle=True)
    lost.close()

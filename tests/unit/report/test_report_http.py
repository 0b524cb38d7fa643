"""The endpoints, in an application of nothing else."""

from datetime import timedelta

import pytest
import rows
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from groundspan_collector import report, traces
from groundspan_collector.errors import CollectorError
from groundspan_collector.store import Store
from rows import NOON, Trace

WINDOW = {"since": (NOON - timedelta(hours=1)).isoformat(), "until": (NOON + timedelta(hours=1)).isoformat()}


@pytest.fixture
def client(store: Store, project: str) -> TestClient:
    """A client that may read the test's project."""
    app = FastAPI()
    app.include_router(report.router(lambda _: (store, project)))
    app.include_router(traces.router(lambda _: (store, project)))

    @app.exception_handler(CollectorError)
    def refused(_: Request, error: Exception) -> Response:
        return Response(str(error), status_code=error.http_status if isinstance(error, CollectorError) else 500)

    return TestClient(app)


def test_a_report_is_given_in_every_format(store: Store, project: str, client: TestClient) -> None:
    """JSON unless said otherwise; each with its content type."""
    rows.insert(store, Trace(project, "d0" * 16, dimensions={"version": "v1"}).span("a1").answer(supported_claims=1))

    got = client.get("/api/v1/reports/hallucination", params=WINDOW)
    kinds = {
        name: client.get("/api/v1/reports/hallucination", params=WINDOW | {"format": name})
        for name in ("json", "csv", "md", "table")
    }

    document = got.json()
    assert list(document) == ["report", "since", "until", "by", "rows", "notes"]
    assert (document["since"], document["by"]) == ("2026-11-03T11:00:00Z", ["version"])
    assert [(row["version"], row["answers"]) for row in document["rows"]] == [("v1", 1)]
    assert kinds["json"].text == got.text
    assert {name: kind.headers["content-type"].split(";")[0] for name, kind in kinds.items()} == {
        "json": "application/json",
        "csv": "text/csv",
        "md": "text/markdown",
        "table": "text/plain",
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/reports/nonsense", 404),
        ("/api/v1/reports/cost?by=modle", 400),
        ("/api/v1/reports/cost?since=x", 400),
        ("/api/v1/reports/cost?format=xml", 400),
        ("/api/v1/reports/cost?sinse=7d", 400),
        ("/api/v1/reports/retrieval?k=0", 400),
        ("/api/v1/traces?limit=0", 400),
        ("/api/v1/traces?limit=100000", 400),
        ("/api/v1/traces?ungrounded=perhaps", 400),
        ("/api/v1/traces/xyz", 400),
        ("/api/v1/traces/0000000000000000", 404),
    ],
)
def test_what_cannot_be_answered_is_refused(client: TestClient, path: str, status: int) -> None:
    """With a status that says whose fault it is, and a sentence."""
    got = client.get(path)

    assert got.status_code == status
    assert got.text


def test_traces_are_listed_and_shown(store: Store, project: str, client: TestClient) -> None:
    """The list leads to the trace."""
    bad = Trace(project, "d1" * 16).span("a1", name="ask").answer(ungrounded=True, unsupported_claims=1)
    rows.insert(store, bad, Trace(project, "d2" * 16).span("a1").answer(supported_claims=1))

    (listed,) = client.get("/api/v1/traces", params=WINDOW | {"ungrounded": "true"}).json()["traces"]
    shown = client.get(f"/api/v1/traces/{listed['trace_id']}").json()

    assert listed["name"] == "ask"
    assert shown["answer"]["ungrounded"] is True
    assert [span["name"] for span in shown["spans"]] == ["ask"]


def test_text_in_json_cannot_reach_a_terminal(store: Store, project: str, client: TestClient) -> None:
    """curl shows what a model wrote, and the terminal does not obey it."""
    evil = "\x1b[2J\x9b31m\u202e"
    rows.insert(store, Trace(project, "d3" * 16).span("a1", name=evil))

    got = client.get(f"/api/v1/traces/{'d3' * 16}")

    assert got.json()["name"] == evil
    assert not set(evil) - set("[2J31m") & set(got.text)

"""Labels over HTTP: what is given out, and what is refused."""

from datetime import timedelta

import pytest
import rows
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from groundspan_collector import labels
from groundspan_collector.errors import CollectorError
from groundspan_collector.store import Store
from rows import NOON, Trace

WINDOW = {"since": (NOON - timedelta(hours=1)).isoformat(), "until": (NOON + timedelta(hours=1)).isoformat()}
ANSWER = "/api/v1/labels/answers/" + "e1" * 16


@pytest.fixture
def client(store: Store, project: str) -> TestClient:
    """A client that is confined to the test's project, which has one judged answer."""
    app = FastAPI()
    app.include_router(labels.router(lambda _: (store, project), lambda _: (store, project)))

    @app.exception_handler(CollectorError)
    def refused(_: Request, error: Exception) -> Response:
        return Response(str(error), status_code=error.http_status if isinstance(error, CollectorError) else 500)

    rows.insert(store, Trace(project, "e1" * 16).answer(answer="Yes.\x9b2J", question="Is it?"))
    return TestClient(app)


def test_an_answer_is_drawn_looked_at_and_labelled(client: TestClient, project: str) -> None:
    """The three requests that a person's tool makes; text cannot reach a terminal."""
    drawn = client.post("/api/v1/labels/sample", params=WINDOW | {"answers": "5"}).json()
    (each,) = drawn["answers"]
    seen = client.get(f"/api/v1/labels/answers/{each['id']}", params={"project": each["project"]})
    given = {"label": "u", "labeller": "ann", "input_hash": seen.json()["input_hash"]}
    said = client.post(f"/api/v1/labels/answers/{each['id']}", params=given)

    assert drawn["unlabelled_answers"] == 1
    assert each == {"id": "e1" * 16, "project": project}
    assert seen.json()["answer"] == "Yes.\x9b2J"
    assert "\x9b" not in seen.text
    assert said.json() == {
        "project": project,
        "trace_id": "e1" * 16,
        "label": "ungrounded",
        "is_drawn": True,
        "judge_agrees": False,
    }
    assert client.post("/api/v1/labels/sample", params=WINDOW).json()["answers"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", ANSWER + "?project=theirs", 404),
        ("POST", ANSWER + "?project=theirs&label=u", 404),
        ("GET", "/api/v1/labels/answers/e1", 404),
        ("POST", ANSWER, 400),
        ("POST", ANSWER + "?label=perhaps", 400),
        ("POST", ANSWER + "?label=u&lable=g", 400),
        ("POST", "/api/v1/labels/sample?answers=0", 400),
        ("POST", "/api/v1/labels/sample?answers=100000", 400),
        ("POST", "/api/v1/labels/sample?since=x", 400),
        ("POST", "/api/v1/labels/sample?project=theirs", 404),
    ],
)
def test_what_is_not_the_callers_or_not_understood_is_refused(
    client: TestClient, method: str, path: str, status: int
) -> None:
    """Another project's answers, words that are no label, parameters that are misspelt or out of range."""
    got = client.request(method, path)

    assert got.status_code == status
    assert got.text

"""An OpenAI-compatible endpoint with a model that judges; a test says how each request is answered.

The model here supports a claim that stands in a chunk word by word, and no other.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]
KEY = "sk-a-key-that-must-not-be-told"
USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 100,
    "prompt_tokens_details": {"cached_tokens": 400},
    "completion_tokens_details": {"reasoning_tokens": 30},
}


@dataclass(frozen=True, slots=True)
class Told:
    """One answer of the endpoint."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs_after: int | None = None
    """Sends so many bytes of the body, and then nothing until the test is over."""


Answer = Callable[[Request], Told]


@dataclass(slots=True)
class JudgeApi:
    """A running endpoint: what it was asked, and how it answers; what *answers* does not say, it answers well."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    always: Answer | None = None
    requests: list[Request] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: Request, headers: dict[str, str]) -> Told:
        """The next one."""
        self.requests.append(request)
        self.headers.append(headers)
        if self.answers:
            return self.answers.pop(0)(request)
        return (self.always or judged)(request)


def shown(request: Request) -> tuple[str, dict[str, Any]]:
    """The ticket of a request, and its data."""
    head, line, tail = request["messages"][1]["content"].split("\n")
    ticket = head.removeprefix("DATA ")
    assert tail == f"END {ticket}"
    data: dict[str, Any] = json.loads(line)
    return ticket, data


def verdicts(request: Request) -> dict[str, Any]:
    """What the model here makes of a request."""
    ticket, data = shown(request)
    found = []
    for claim in data["claims"]:
        text = claim["text"]
        chunk = next((chunk["chunk"] for chunk in data["chunks"] if text in chunk["text"]), None)
        word, quote = ("unsupported", None) if chunk is None else ("supported", text)
        found.append({"claim": claim["claim"], "verdict": word, "chunk": chunk, "quote": quote})
    return {"ticket": ticket, "verdicts": found}


def completion(content: str | None, **choice: object) -> Told:
    """A completion that says *content*."""
    message = {"role": "assistant", "content": content}
    document = {"model": "gpt-4o-2024-08-06", "choices": [{"message": message, **choice}], "usage": USAGE}
    return Told(json.dumps(document).encode())


def judged(request: Request) -> Told:
    """A good answer."""
    return completion(json.dumps(verdicts(request)))


def changed(change: Callable[[dict[str, Any]], object]) -> Answer:
    """A good answer that *change* does something to."""

    def answer(request: Request) -> Told:
        reply = verdicts(request)
        change(reply)
        return completion(json.dumps(reply))

    return answer


def refusal(status: int, message: str, **headers: str) -> Answer:
    """An error."""
    body = json.dumps({"error": {"message": message}}).encode()
    return lambda _: Told(body, status, {name.replace("_", "-"): value for name, value in headers.items()})


def without(*fields: str) -> Answer:
    """An endpoint that refuses each of *fields*, one at a time."""

    def answer(request: Request) -> Told:
        known = next((name for name in fields if name in request), None)
        return refusal(400, f"unknown field: {known}")(request) if known else judged(request)

    return answer


@contextmanager
def judge_api() -> Iterator[JudgeApi]:
    """An endpoint, until the end of the block."""
    api = JudgeApi("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path.endswith("/v1/chat/completions")
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told = api.answer(request, dict(self.headers.items()))
            if told.hangs_after == 0:
                api.over.wait(30)
                return
            self.send_response(told.status)
            for name, value in {"Content-Length": str(len(told.body)), **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body[: told.hangs_after])
            if told.hangs_after:
                self.wfile.flush()
                api.over.wait(30)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        api.url = f"http://127.0.0.1:{server.server_port}/v1"
        try:
            yield api
        finally:
            api.over.set()
            server.shutdown()

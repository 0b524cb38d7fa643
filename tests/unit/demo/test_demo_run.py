"""A whole run of the demo, as a process, against a collector that only listens."""

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

pytestmark = pytest.mark.demo

QUESTIONS = 12


class Listener(BaseHTTPRequestHandler):
    """Accepts spans and keeps them."""

    spans: ClassVar[list[Span]] = []

    def do_POST(self) -> None:
        """Take one export request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/v1/traces":
            self.send_error(404)
            return
        request = ExportTraceServiceRequest.FromString(gzip.decompress(body))
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a collector that only listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def planted_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run writes its mistakes."""
    return tmp_path_factory.mktemp("demo") / "planted.jsonl"


@pytest.fixture(scope="module")
def finished(endpoint: str, planted_file: Path) -> subprocess.CompletedProcess[str]:
    """Both versions, asked the first questions."""
    command = [sys.executable, "-m", "groundspan_demo", "--endpoint", endpoint, "--version", "v1", "--version", "v2"]
    command += ["--questions", str(QUESTIONS), "--planted", str(planted_file)]
    # An empty key is none: nobody pays for a test.
    environment = {**os.environ, "OPENAI_API_KEY": ""}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_run_fails_when_the_spans_are_refused(endpoint: str) -> None:
    """Nobody waits for reports of spans that went nowhere."""
    elsewhere = f"{endpoint}/elsewhere"
    command = [sys.executable, "-m", "groundspan_demo", "--endpoint", elsewhere, "--questions", "1"]
    environment = {**os.environ, "OPENAI_API_KEY": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)

    assert done.returncode == 1
    assert f"Not all spans of v1 reached {elsewhere}" in done.stderr


def planted_lines(planted_file: Path) -> list[dict[str, str]]:
    """Read the mistakes."""
    return [json.loads(line) for line in planted_file.read_text().splitlines()]


def test_run_says_what_is_simulated_when_no_model_answers(finished: subprocess.CompletedProcess[str]) -> None:
    """Nobody takes the built-in answerer for a model."""
    assert finished.returncode == 0, finished.stderr
    assert "simulated answers, real retrieval, real spans, real judging" in finished.stdout


def test_run_shows_no_bar_when_it_writes_to_no_terminal(finished: subprocess.CompletedProcess[str]) -> None:
    """A log gets lines, not bars."""
    assert finished.stderr == ""


def test_every_stage_is_traced_when_a_question_is_asked(finished: subprocess.CompletedProcess[str]) -> None:
    """Six spans for each question of each version arrived before the process ended."""
    assert finished.returncode == 0, finished.stderr
    stages = Counter(stage for span in Listener.spans for stage in values(span, "groundspan.stage"))

    assert stages == dict.fromkeys(("pipeline", "tokenize", "retrieve", "embed", "rerank", "generate"), 2 * QUESTIONS)


def test_generate_span_has_model_and_usage_when_simulated(finished: subprocess.CompletedProcess[str]) -> None:
    """Tokens and model are read as from any provider's response."""
    assert finished.returncode == 0, finished.stderr
    chats = [span for span in Listener.spans if values(span, "groundspan.stage") == ["generate"]]

    assert {model for span in chats for model in values(span, "gen_ai.response.model")} == {"gpt-4o-mini"}
    assert all(count > 0 for span in chats for count in numbers(span, "gen_ai.usage.input_tokens"))


def test_planted_mistake_is_in_its_trace_when_written(
    finished: subprocess.CompletedProcess[str], planted_file: Path
) -> None:
    """The list names the trace in which the wrong sentence was said."""
    assert finished.returncode == 0, finished.stderr
    said = {
        span.trace_id.hex(): json.loads(text)[0]["parts"][0]["content"]
        for span in Listener.spans
        for text in values(span, "gen_ai.output.messages")
    }

    assert planted_lines(planted_file)
    assert all(line["text"] in said[line["trace_id"]] for line in planted_lines(planted_file))
    assert {line["version"] for line in planted_lines(planted_file)} == {"v2"}


def values(span: Span, key: str) -> list[str]:
    """Return the text under *key*, if any."""
    return [attribute.value.string_value for attribute in span.attributes if attribute.key == key]


def numbers(span: Span, key: str) -> list[int]:
    """Return the count under *key*, if any."""
    return [attribute.value.int_value for attribute in span.attributes if attribute.key == key]

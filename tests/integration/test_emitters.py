"""Programs that never heard of Groundspan appear in its reports."""

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from model_api import ANSWER, model_api
from processes import CollectorProcess, collector, eventually

PROGRAMS = Path(__file__).parents[1] / "programs"
USAGE = Usage(input_tokens=1000, output_tokens=100, cache_read_tokens=400)


@pytest.fixture(scope="module")
def emitters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector to which both programs have sent."""
    with collector(tmp_path_factory.mktemp("emitters")) as running, model_api() as api:
        _run("plain_otel.py", running.url)
        _run("openinference_openai.py", running.url, api)
        running.wait_until_judged()
        yield running


def _run(program: str, *arguments: str) -> None:
    subprocess.run([sys.executable, str(PROGRAMS / program), *arguments], check=True, timeout=60)


def _cost_rows(running: CollectorProcess, service: str) -> list[dict[str, Any]]:
    rows = running.rows("cost", by="service,provider,model")
    return [row for row in rows if row["service"] == service]


def _priced(running: CollectorProcess, service: str, model: str) -> dict[str, Any]:
    """The service's row of *model*, once prices have been looked up."""

    def row() -> dict[str, Any]:
        return next(row for row in _cost_rows(running, service) if row["model"] == model)

    eventually(lambda: row()["unpriced_calls"] == 0)
    return row()


def _trace(running: CollectorProcess, version: str) -> dict[str, Any]:
    """The trace of that version that has an answer."""
    listed = running.get("/api/v1/traces", limit=50)["traces"]
    trace_id = next(trace["trace_id"] for trace in listed if trace["version"] == version and trace["status"])
    document: dict[str, Any] = running.get(f"/api/v1/traces/{trace_id}")
    return document


def test_plain_otel_program_is_priced_when_it_uses_genai_names(emitters: CollectorProcess) -> None:
    """Tokens and cost of a plain OpenTelemetry program are those of its call."""
    row = _priced(emitters, "plain", "gpt-4o")

    assert (row["input_tokens"], row["output_tokens"], row["cache_read_tokens"]) == (1000, 100, 400)
    assert Decimal(row["cost_usd"]) == calc_price(USAGE, "gpt-4o", provider_id="openai").total_price


def test_plain_otel_program_is_judged_when_it_sends_documents(emitters: CollectorProcess) -> None:
    """The answer of a plain OpenTelemetry program is judged against the documents it retrieved."""
    answer = _trace(emitters, "7")["answer"]

    assert answer["text"] == ANSWER
    assert [claim["verdict"] for claim in answer["claims"]] == ["contradicted"]


def test_openinference_program_is_priced_when_it_calls_openai(emitters: CollectorProcess) -> None:
    """A call that OpenInference traced has the tokens that the provider counted, and its price."""
    row = _priced(emitters, "inference", "gpt-4o-2024-08-06")

    assert (row["provider"], row["input_tokens"], row["output_tokens"]) == ("openai", 1000, 100)
    assert row["cache_read_tokens"] == 400
    assert Decimal(row["cost_usd"]) == calc_price(USAGE, "gpt-4o-2024-08-06", provider_id="openai").total_price


def test_openinference_embedding_is_counted_when_it_is_made(emitters: CollectorProcess) -> None:
    """An embedding call that OpenInference traced is a call with tokens of its own."""
    row = _priced(emitters, "inference", "text-embedding-3-small")

    assert (row["calls"], row["input_tokens"]) == (1, 8)


def test_openinference_answer_has_no_context_when_nothing_was_retrieved(emitters: CollectorProcess) -> None:
    """An answer without chunks is shown, and counted apart from those that could be judged."""
    answer = _trace(emitters, "8")["answer"]

    assert (answer["text"], answer["status"]) == (ANSWER, "no_context")

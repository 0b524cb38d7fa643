"""The examples of the integrations: each runs offline, and shows what the page says."""

import os
import subprocess
import sys
from pathlib import Path

import groundspan
import pytest

EXAMPLES = Path(__file__).parents[3] / "examples" / "integrations"
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY")


def _printed(program: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in KEYS}
    ran = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / program],
        env={**kept, "PYTHONPATH": str(Path(groundspan.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


@pytest.mark.parametrize("program", ["openai_chat.py", "anthropic_messages.py"])
def test_example_prints_three_calls_and_their_tokens(program: str) -> None:
    """Asked, streamed, and under a decorator: one span each, and every one has its tokens."""
    pytest.importorskip(program.partition("_")[0], reason="the plain install has no clients")
    printed = _printed(program)

    assert len([line for line in printed.splitlines() if line.startswith("chat")]) == 3
    assert printed.count("gen_ai.usage.input_tokens: 21") == 3
    assert "groundspan.stream.outcome: 'finished'" in printed
    assert "A refund takes five days." in printed


def test_example_prints_the_chunks_that_were_found() -> None:
    """A question becomes a pipeline, a retrieve without a decorator, and their chunks."""
    pytest.importorskip("qdrant_client", reason="the plain install has no clients")

    printed = _printed("qdrant_search.py")

    assert [line for line in printed.splitlines() if not line.startswith(" ")] == [
        "retrieval handbook",
        "invoke_workflow find",
    ]
    assert "Refunds take five days." in printed


def test_example_prints_a_query_engine_s_spans() -> None:
    """What is embedded, found and generated, beneath a pipeline; once whole and once streamed."""
    pytest.importorskip("llama_index.core", reason="not part of the plain install")

    printed = _printed("llama_index_query.py")

    assert [line for line in printed.splitlines() if not line.startswith(" ")] == [
        "embeddings",
        "retrieval",
        "chat small",
        "invoke_workflow RetrieverQueryEngine",
    ] * 2
    assert printed.count("gen_ai.usage.input_tokens: 21") == 2
    assert printed.count("groundspan.stream.outcome: 'finished'") == 2
    assert "A refund takes five days." in printed

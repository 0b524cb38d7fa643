"""What a model's judgements cost is in the cost report of a running collector, once, and nowhere else."""

import json
import time
from pathlib import Path
from typing import Any

import judge_api
import otlp
from genai_prices import Usage, calc_price
from processes import CollectorProcess, collector, eventually

HELD = "The buffer holds 64 entries."
EACH = Usage(input_tokens=1000, output_tokens=100, cache_read_tokens=400)


def _send(running: CollectorProcess, *answers: str) -> None:
    """One trace with its chunk for each of *answers*."""
    documents = json.dumps([{"id": "d1", "content": HELD}])
    for answer in answers:
        output = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": answer}]}])
        trace_id, root, start_ns = otlp.new_trace_id(), otlp.new_span_id(), time.time_ns()
        spans = [
            otlp.span(
                {
                    "groundspan.stage": "pipeline",
                    "gen_ai.output.messages": output,
                    "session.id": "s-1",
                    "user.id": "u-1",
                    "groundspan.segment.tenant": "acme",
                },
                trace_id=trace_id,
                span_id=root,
                start_ns=start_ns,
            ),
            otlp.span(
                {"groundspan.stage": "retrieve", "gen_ai.retrieval.documents": documents},
                trace_id=trace_id,
                parent=root,
                start_ns=start_ns,
            ),
        ]
        assert running.send(otlp.body(*spans, resource={"service.name": "bot", "service.version": "v2"})).status == 200


def _environ(api: judge_api.JudgeApi, tries: int = 1) -> dict[str, str]:
    return {
        "GROUNDSPAN_LLM_URL": api.url,
        "GROUNDSPAN_LLM_KEY": judge_api.KEY,
        "GROUNDSPAN_LLM_PROVIDER": "openai",
        "GROUNDSPAN_LLM_TRIES": str(tries),
    }


def test_each_call_of_the_judge_is_priced_as_evaluation(tmp_path: Path) -> None:
    """At the model's price, in the answer's version and segment; a failed try too; no user, and nothing to judge."""
    with judge_api.judge_api() as api, collector(tmp_path, "--judge", "llm:gpt-4o", environ=_environ(api)) as running:
        api.answers = [lambda _: judge_api.completion("no JSON")]
        _send(running, HELD, "The buffer was made in Oslo.", f"{HELD} It is old.")
        eventually(lambda: len(api.requests) == 3)
        running.wait_until_judged()

        def rows() -> list[dict[str, Any]]:
            return running.rows("cost", by="stage,service,version,segment.tenant,session,user,provider,model")

        eventually(lambda: [(row["calls"], row["unpriced_calls"]) for row in rows()] == [(3, 0)])
        (row,) = rows()
        names = ("stage", "service", "version", "segment.tenant", "session", "user", "provider", "model")
        found = [row[name] for name in names]
        assert found == ["evaluate", "bot", "v2", "acme", "", "", "openai", "gpt-4o-2024-08-06"]
        assert (row["input_tokens"], row["output_tokens"], row["reasoning_tokens"]) == (3000, 300, 90)
        price = calc_price(EACH, "gpt-4o", provider_id="openai").total_price
        assert row["cost_usd"] == row["evaluation_cost_usd"] == str((3 * price).normalize())
        (answers,) = running.rows("hallucination")
        assert (answers["answers"], answers["judged"], answers["unjudged"]) == (3, 2, 1)
        assert {row["stage"] for row in running.rows("latency")} == {"pipeline", "retrieve"}
        assert len(running.get("/api/v1/traces")["traces"]) == 3
        assert running.metrics()["groundspan_spans_stored_total"] == 9
        assert len(api.requests) == 3
        assert running.stop() == 0


def test_a_collector_that_is_to_stop_does_not_wait_for_its_judge(tmp_path: Path) -> None:
    """What was not judged is not called a failure: the next start judges it."""
    with judge_api.judge_api() as api:
        environ = _environ(api, tries=3)
        api.always = judge_api.refusal(429, "later", Retry_After="60")
        with collector(tmp_path, "--judge", "llm:gpt-4o", environ=environ) as running:
            _send(running, HELD, "The buffer was made in Oslo.")
            eventually(lambda: len(api.requests) == 1)
            assert running.stop() == 0
        api.always = None
        with collector(tmp_path, "--judge", "llm:gpt-4o", environ=environ) as running:
            running.wait_until_judged()
            (answers,) = running.rows("hallucination")
            assert (answers["judged"], answers["unjudged"]) == (2, 0)


def test_a_cascade_asks_only_about_what_the_cheaper_judge_leaves(tmp_path: Path) -> None:
    """The share of each is on /metrics."""
    name = "lexical > llm:gpt-4o"
    with judge_api.judge_api() as api, collector(tmp_path, "--judge", name, environ=_environ(api)) as running:
        _send(running, f"{HELD} Its successor was made in Oslo.")
        eventually(lambda: running.rows("hallucination") != [])
        running.wait_until_judged()

        (request,) = api.requests
        _, data = judge_api.shown(request)
        assert [claim["text"] for claim in data["claims"]] == ["Its successor was made in Oslo."]
        decided = {
            key: value for key, value in running.metrics().items() if key.startswith("groundspan_claims_decided")
        }
        assert decided['groundspan_claims_decided_total{judge="lexical"}'] == 1
        assert decided['groundspan_claims_decided_total{judge="llm:gpt-4o"}'] == 1

"""Traces that are judged, a judge that counts, and a clock that stands: for tests of scoring."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import otlp
import stored
from groundspan_collector.errors import JudgeFailed
from groundspan_collector.judges import SUPPORTED, Case, Ruling, Verdict
from groundspan_collector.store import Store

T0 = datetime(2026, 9, 9, 13, tzinfo=UTC)
QUIET_S = 2.0
TEXT = "The tower was built in 1889 by Gustave Eiffel."


@dataclass
class Clock:
    """A clock that stands until it is set."""

    now: datetime = T0

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.now


@dataclass
class Counting:
    """A judge that supports everything, counts its cases, and fails on the word that it was told."""

    name: str
    version: str = "1"
    threshold: float = 0.5
    cases: list[Case] = field(default_factory=list)
    fails_on: str = ""
    fails_with: Callable[[str], Exception] = JudgeFailed

    def judge(self, case: Case) -> Ruling:
        """Rule on *case*."""
        self.cases.append(case)
        if self.fails_on and self.fails_on in case.answer:
            raise self.fails_with("no verdict")
        return Ruling([Verdict(SUPPORTED, 1.0, None, "") for _ in case.claims], 0.0)


@dataclass
class Trace:
    """One RAG trace, whose spans are sent when a test says so."""

    store: Store
    project: str
    trace_id: bytes = field(default_factory=otlp.new_trace_id)
    root: bytes = field(default_factory=otlp.new_span_id)

    def send(self, *parts: str, at: datetime, answer: str = TEXT, chunk: str = TEXT) -> None:
        """Store those of root, retrieve, generate and tool that are named, as received *at* a time."""
        documents = json.dumps([{"id": "d1", "content": chunk, "metadata": {"source": "a.md"}}])
        output = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": answer}]}])
        attributes: dict[str, dict[str, otlp.Value]] = {
            "root": {"groundspan.stage": "pipeline", "gen_ai.output.messages": output},
            "retrieve": {"groundspan.stage": "retrieve", "gen_ai.retrieval.documents": documents},
            "generate": {"groundspan.stage": "generate", "gen_ai.output.messages": output},
            "tool": {"groundspan.stage": "tool"},
        }
        spans = [
            otlp.span(
                attributes[part],
                trace_id=self.trace_id,
                span_id=self.root if part == "root" else otlp.new_span_id(),
                parent=b"" if part == "root" else self.root,
                start_ns=otlp.NOON_NS + list(attributes).index(part),
            )
            for part in parts
        ]
        stored.insert(self.store, self.project, *spans, received_at_ns=unix_ns(at))

    def answers(self) -> list[dict[str, Any]]:
        """The newest judgement of its answer."""
        return self.store.rows("SELECT * FROM answers_newest WHERE trace_id = {id:String}", {"id": self.trace_id.hex()})

    def verdicts(self) -> list[dict[str, Any]]:
        """Its answer's claims."""
        return self.store.rows(
            "SELECT * FROM verdicts_newest WHERE trace_id = {id:String} ORDER BY claim", {"id": self.trace_id.hex()}
        )


def unix_ns(moment: datetime) -> int:
    """*moment* as spans say it."""
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) * 1000

"""Texts that came in log events reach the judge, whichever of the span and its events arrived first."""

import itertools
from datetime import UTC, datetime, timedelta

import otlp
import pytest
import stored
from groundspan_collector import judges, records
from groundspan_collector.receipts import Receipts
from groundspan_collector.score import Scorer
from groundspan_collector.store import Store
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

EVERY_STORE = True

ANSWER = "The tower was built in 1889."
DOCUMENT = "The tower was built in 1889 by Gustave Eiffel."
BEGIN_NS = otlp.NOON_NS + otlp.SECOND


class Emitter:
    """Sends spans and logs of one project, each a second after the other, and lets them be judged."""

    def __init__(self, store: Store, project: str) -> None:
        """Begin a second after noon."""
        self._store = store
        self._project = project
        seconds = itertools.count()
        self._receipts = Receipts(lambda: BEGIN_NS + next(seconds) * otlp.SECOND)

    def spans(self, *spans: Span) -> None:
        """Send *spans*."""
        with self._receipts.receipt() as received_at_ns:
            stored.insert(self._store, self._project, *spans, received_at_ns=received_at_ns)

    def logs(self, *sent: LogRecord) -> None:
        """Send these records."""
        body = otlp.logs(*sent).SerializeToString()
        with self._receipts.receipt() as received_at_ns:
            records.insert_logs(self._store, [body], len(sent), project=self._project, received_at_ns=received_at_ns)

    def judged(self) -> list[dict[str, object]]:
        """Judge what is due; the newest judgements."""
        clock = datetime.fromtimestamp(otlp.NOON_NS / otlp.SECOND, UTC) + timedelta(minutes=10)
        scorer = Scorer(self._store, judges.load("lexical"), lambda: clock, settled=self._receipts.settled, quiet_s=0)
        while scorer.score_due():
            pass
        return self._store.rows(
            "SELECT question, answer, status, chunks FROM answers FINAL WHERE project = {project:String}",
            {"project": self._project},
        )


def _call() -> tuple[Span, Span, list[LogRecord]]:
    """A retrieval, a model call without text, and the events that have it."""
    documents = f'[{{"content": "{DOCUMENT}"}}]'
    retrieval = otlp.span({"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": documents})
    call = otlp.span({"gen_ai.operation.name": "chat"}, trace_id=retrieval.trace_id, start_ns=otlp.NOON_NS + 1)
    question = otlp.log("gen_ai.user.message", {}, {"content": "When?"}, span=call)
    choices = [
        otlp.log("gen_ai.choice", {}, {"index": index, "message": {"content": text}}, span=call)
        for index, text in ((1, "Never."), (0, ANSWER))
    ]
    return retrieval, call, [question, *choices]


@pytest.mark.parametrize("order", ["span first", "events first", "events twice", "between"])
def test_call_is_judged_by_the_text_of_its_events(store: Store, project: str, order: str) -> None:
    """Its question, and the first of its choices."""
    retrieval, call, events = _call()
    emitter = Emitter(store, project)
    match order:
        case "span first":
            emitter.spans(retrieval, call)
            emitter.logs(*events)
        case "events first":
            emitter.logs(*events)
            emitter.spans(retrieval, call)
        case "events twice":
            emitter.spans(retrieval, call)
            emitter.logs(*events)
            emitter.logs(*reversed(events))
        case "between":
            emitter.spans(retrieval)
            emitter.logs(*events)
            emitter.judged()
            emitter.spans(call)

    (answer,) = emitter.judged()

    assert answer == {"question": "When?", "answer": ANSWER, "status": "judged", "chunks": 1}


def test_text_of_the_span_itself_wins(store: Store, project: str) -> None:
    """What the span carries is not replaced."""
    output = '[{"role": "assistant", "parts": [{"type": "text", "content": "Its own."}]}]'
    call = otlp.span({"gen_ai.operation.name": "chat", "gen_ai.output.messages": output})
    emitter = Emitter(store, project)
    emitter.spans(call)
    emitter.logs(otlp.log("gen_ai.choice", {}, {"message": {"content": ANSWER}}, span=call))

    assert [row["answer"] for row in emitter.judged()] == ["Its own."]


def test_evaluations_sent_twice_are_stored_once(store: Store, project: str) -> None:
    """In whatever requests they come."""
    span = otlp.span()
    first, second = (
        otlp.log(
            "gen_ai.evaluation.result",
            {"gen_ai.evaluation.name": name, "gen_ai.evaluation.score.value": 0.5},
            span=span,
        )
        for name in ("relevance", "tone")
    )
    emitter = Emitter(store, project)
    emitter.logs(first)
    emitter.logs(first, second)

    found = store.rows(
        "SELECT name, score_value, trace_id FROM evaluations_once WHERE project = {project:String} ORDER BY name",
        {"project": project},
    )

    assert found == [
        {"name": name, "score_value": 0.5, "trace_id": span.trace_id.hex()} for name in ("relevance", "tone")
    ]

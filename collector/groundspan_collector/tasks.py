"""An answer that is to be judged, and what became of it, as rows of the store and as JSON. Pure."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final, TypeAlias

from groundspan_collector.answers import Answer, Chunk
from groundspan_collector.errors import RejectedData
from groundspan_collector.judgement import JudgedClaim, Judgement
from groundspan_collector.judges import ModelCall

Row: TypeAlias = dict[str, object]

MOST_ATTEMPTS: Final = 255
_IDENTITY: Final = {"project": str, "trace_id": str, "root_start": datetime, "judge": str, "judge_version": str}
_DIMENSIONS: Final = dict.fromkeys(
    ("span_id", "context_span_id", "service", "version", "environment", "provider", "model", "session", "user",
     "question", "answer"), str
) | {"segments": dict}  # fmt: skip
_OF_TASK: Final = (
    _IDENTITY
    | _DIMENSIONS
    | {"chunks": int, "input_hash": int, "sample_ratio": float, "beside": bool, "last_received": datetime}
)
ANSWER: Final[Mapping[str, type]] = _OF_TASK | {
    "status": str, "reason": str, "ungrounded": bool, "ungrounded_probability": float, "claims": int,
    "supported_claims": int, "contradicted_claims": int, "unsupported_claims": int, "unjudged_claims": int,
    "causes": dict, "attempts": int, "judged_at": datetime,
}  # fmt: skip
"""The columns of an answer's row, and what each holds."""
VERDICT: Final[Mapping[str, type]] = _IDENTITY | {
    "input_hash": int, "judged_at": datetime, "claim": int, "start": int, "end": int, "text": str, "verdict": str,
    "cause": str, "support": float, "reason": str, "chunk": int, "chunk_hash": int, "chunk_id": str,
    "chunk_source": str, "evidence_start": int, "evidence_end": int,
}  # fmt: skip
_MAY_BE_NULL: Final = frozenset({"chunk", "chunk_hash", "evidence_start", "evidence_end"})
_WIDE: Final = frozenset({"input_hash", "chunk_hash"})
STATUSES: Final = frozenset({"judged", "no_context", "abstained", "no_claims", "unjudged"})
VERDICTS: Final = frozenset({"supported", "contradicted", "unsupported", "unjudged"})

Key: TypeAlias = tuple[str, str]
"""Project and trace id."""


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """A judge, as rows name it."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Task:
    """An answer with everything that a judge is given."""

    row: Row
    """What is known of its row in `answers` before it is judged."""
    chunks: tuple[Chunk, ...]
    context: tuple[str, ...]
    """The texts of *chunks*."""
    left_out: tuple[Chunk, ...] = ()
    left_out_texts: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Whose answer it is."""
        return str(self.row["project"]), str(self.row["trace_id"])

    @property
    def question(self) -> str:
        """What was asked."""
        return str(self.row["question"])

    @property
    def text(self) -> str:
        """The answer."""
        return str(self.row["answer"])


@dataclass(frozen=True, slots=True)
class Result:
    """An answer's row, and those of its claims."""

    answer: Row
    verdicts: tuple[Row, ...]
    calls: tuple[ModelCall, ...] = ()
    """What it cost, where somebody's model was asked."""

    @property
    def key(self) -> Key:
        """Whose answer it is."""
        return str(self.answer["project"]), str(self.answer["trace_id"])


def input_hash(answer: Answer) -> int:
    """128 bits of everything that a judge is given of *answer*."""
    seen = json.dumps([answer.question, answer.text, [chunk.hash for chunk in answer.chunks]])
    return int.from_bytes(hashlib.sha256(seen.encode()).digest()[:16], "big")


def dimensions(answer: Answer) -> Row:
    """Where an answer belongs in reports: the root's words, else those of the model call."""
    root, generate = answer.root, answer.generate or answer.span
    return {
        "span_id": answer.span.span_id,
        "context_span_id": answer.context_span_id,
        "service": root.service or generate.service,
        "version": root.version or generate.version,
        "environment": root.environment or generate.environment,
        "provider": generate.provider,
        "model": generate.model,
        "session": root.session or generate.session,
        "user": root.user or generate.user,
        "segments": dict(root.segments or generate.segments),
        "question": answer.question,
        "answer": answer.text,
        "chunks": len(answer.chunks),
        "input_hash": input_hash(answer),
    }


def outcome(judgement: Judgement, attempts: int = 1) -> Row:
    """What a judgement says of the answer as a whole."""
    verdicts = [judged.verdict for judged in judgement.claims]
    return {
        "status": judgement.status,
        "reason": judgement.reason,
        "ungrounded": judgement.ungrounded,
        "ungrounded_probability": judgement.ungrounded_probability,
        "claims": len(verdicts),
        "supported_claims": verdicts.count("supported"),
        "contradicted_claims": verdicts.count("contradicted"),
        "unsupported_claims": verdicts.count("unsupported"),
        "unjudged_claims": verdicts.count("unjudged"),
        "causes": dict(Counter(judged.cause for judged in judgement.claims if judged.cause)),
        "attempts": attempts,
    }


def without_judgement(status: str) -> Row:
    """Of a trace that no judge sees: it has no text of its own, or is not in the sample. No rate counts it."""
    nothing: Row = {name: "" for name, kind in _DIMENSIONS.items() if kind is str}
    return nothing | {"segments": {}, "chunks": 0, "input_hash": 0} | outcome(Judgement(status, False, 0.0, ()))


def result(task: Task, judgement: Judgement, *, attempts: int, dropped: Mapping[int, int], now: datetime) -> Result:
    """The rows of a judgement; *dropped* are the claims that a chunk supports which was left out, and the chunk."""
    answer = task.row | {"judged_at": now} | outcome(judgement, attempts)
    shared = {name: answer[name] for name in (*_IDENTITY, "input_hash", "judged_at")}
    rows = []
    for number, judged in enumerate(judgement.claims):
        row = shared | {"claim": number} | _verdict(judged, task.chunks)
        if number in dropped and (name := _name(task.left_out, dropped[number])):
            row["reason"] = f"{row['reason']}; a chunk that was fetched and left out says it: {name}"
        rows.append(row)
    return Result(answer, tuple(rows))


def _name(chunks: Sequence[Chunk], number: int) -> str:
    return (chunks[number].id or chunks[number].source) if number < len(chunks) else ""


def _verdict(judged: JudgedClaim, chunks: Sequence[Chunk]) -> Row:
    evidence = judged.evidence
    chunk = chunks[evidence.chunk] if evidence else None
    return {
        "start": judged.claim.start,
        "end": judged.claim.end,
        "text": judged.claim.text,
        "verdict": judged.verdict,
        "cause": judged.cause,
        "support": judged.support,
        "reason": judged.reason,
        "chunk": evidence.chunk if evidence else None,
        "chunk_hash": chunk.hash if chunk else None,
        "chunk_id": chunk.id if chunk else "",
        "chunk_source": chunk.source if chunk else "",
        "evidence_start": evidence.start if evidence else None,
        "evidence_end": evidence.end if evidence else None,
    }


def task_document(task: Task) -> dict[str, object]:
    """*task* as JSON says it."""
    return {
        "row": _plain(task.row),
        "chunks": [[chunk.hash, chunk.id, chunk.source] for chunk in task.chunks],
        "context": list(task.context),
        "left_out": [[chunk.hash, chunk.id, chunk.source] for chunk in task.left_out],
        "left_out_texts": list(task.left_out_texts),
    }


def task_of(document: Mapping[str, Any]) -> Task:
    """The task that a collector wrote as *document*. Raises RejectedData for what is none."""
    try:
        return Task(
            _row(document["row"], _OF_TASK),
            _chunks(document["chunks"]),
            tuple(document["context"]),
            _chunks(document["left_out"]),
            tuple(document["left_out_texts"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RejectedData(
            f"no task of this version's: {error!r}; the collector and its workers must be of one version"
        ) from error


def _chunks(found: Sequence[Sequence[Any]]) -> tuple[Chunk, ...]:
    return tuple(Chunk(int(hash_), str(id_), str(source)) for hash_, id_, source in found)


def result_document(judged: Result) -> dict[str, object]:
    """*judged* as JSON says it."""
    return {
        "answer": _plain(judged.answer),
        "verdicts": [_plain(row) for row in judged.verdicts],
        "calls": [asdict(call) for call in judged.calls],
    }


def result_of(document: object) -> Result:
    """The result that a worker wrote as *document*. Raises RejectedData for what is none: it would become rows."""
    if not isinstance(document, dict) or not isinstance(document.get("verdicts"), list):
        raise RejectedData('a result must be {"answer": {…}, "verdicts": [{…}, …]}')
    answer = _row(document.get("answer"), ANSWER)
    if answer["status"] not in STATUSES:
        raise RejectedData(f"the status of an answer must be one of {', '.join(sorted(STATUSES))}")
    verdicts = tuple(_row(row, VERDICT) for row in document["verdicts"])
    for number, row in enumerate(verdicts):
        same = all(row[name] == answer[name] for name in (*_IDENTITY, "input_hash"))
        if not same or row["claim"] != number or row["verdict"] not in VERDICTS:
            raise RejectedData(f"verdict {number} does not belong to its answer, or is none of {sorted(VERDICTS)}")
    if len(verdicts) != answer["claims"]:
        raise RejectedData(f"the answer has {answer['claims']} claims, and {len(verdicts)} verdicts came with it")
    return Result(answer, verdicts, tuple(_call(call) for call in document.get("calls", ())))


def _call(found: object) -> ModelCall:
    if not isinstance(found, dict) or set(found) != set(ModelCall.__slots__):
        raise RejectedData(f"a model's call must have {', '.join(ModelCall.__slots__)}")
    for name, value in found.items():
        if name in {"provider", "model"}:
            fits = isinstance(value, str)
        else:
            fits = (value is None and name.endswith("_tokens")) or (type(value) is int and 0 <= value < 1 << 63)
        if not fits:
            raise RejectedData(f"{name} of a model's call is {value!r}")
    return ModelCall(**found)


def _plain(row: Row) -> Row:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def _row(found: object, columns: Mapping[str, type]) -> Row:
    """*found* as a row with exactly these *columns*. Raises RejectedData."""
    if not isinstance(found, dict) or set(found) != set(columns):
        got = sorted(set(found) ^ set(columns)) if isinstance(found, dict) else type(found).__name__
        raise RejectedData(
            f"a row's columns are not this version's, see {got}: the collector and its workers must be of one version"
        )
    return {name: _value(name, found[name], kind) for name, kind in columns.items()}


def _value(name: str, value: Any, kind: type) -> object:
    if value is None and name in _MAY_BE_NULL:
        return None
    match value:
        case str() if kind is datetime:
            return _moment(name, value)
        case bool() | str() if kind is type(value):
            return value
        case bool():
            pass
        case int() | float() if kind is float and isfinite(value):
            return float(value)
        case int() if kind is int and 0 <= value < 1 << (128 if name in _WIDE else 32):
            return min(value, MOST_ATTEMPTS) if name == "attempts" else value
        case dict() if kind is dict:
            of = int if name == "causes" else str
            if all(type(each) is of for each in value.values()):
                return value
    raise RejectedData(f"{name} must be a {kind.__name__}, got a {type(value).__name__}")


def _moment(name: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise RejectedData(f"{name} must be a time in ISO 8601, got {text!r}") from error

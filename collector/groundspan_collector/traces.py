"""One trace as a document: its spans as a tree, its answer, and the chunk that each claim stands on."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from groundspan_collector import escapes, parameters, span_tree, windows
from groundspan_collector.errors import NotFound, RejectedData
from groundspan_collector.formats import money
from groundspan_collector.store import Row, Store
from groundspan_collector.trace_view import render
from groundspan_collector.windows import Window

if TYPE_CHECKING:
    from fastapi import APIRouter, Request

__all__ = ["document", "evidence", "newest", "nodes", "render", "router"]

Node: TypeAlias = dict[str, object]

SHORTEST_PREFIX: Final = 8
MOST_LISTED: Final = 1_000
AROUND: Final = 200
"""Characters of a chunk that are shown before and after its evidence."""

_TRACE_ID = re.compile(rf"[0-9a-f]{{{SHORTEST_PREFIX},32}}")
_COPIED: Final = (
    "name", "kind", "stage", "duration_ns", "status", "status_message", "error_type", "service", "version",
    "environment", "session", "user", "segments", "provider", "model", "input_tokens", "output_tokens",
    "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "time_to_first_token_ns", "query", "output",
)  # fmt: skip


def document(store: Store, prefix: str, *, project: str) -> Node:
    """The trace whose id begins with *prefix*, as JSON says it; *project*, if not empty, is all that is read.

    Raises RejectedData where *prefix* is no beginning of an id or of several, NotFound where it is of none.
    """
    place = _find(store, prefix.lower(), project)
    spans = store.rows(_sql("trace_spans"), place)
    if not spans:
        raise NotFound(f"no span is stored of the trace {prefix!r}")
    texts = {_int(row["hash"]): str(row["text"]) for row in store.rows(_sql("trace_chunks"), place)}
    calls = {str(row["span_id"]): row for row in store.rows(_sql("trace_calls"), place)}
    answers = store.rows(_sql("trace_answer"), place)
    claims = store.rows(_sql("trace_claims"), place) if answers else []
    return _head(place, spans, list(calls.values())) | {
        "spans": nodes(spans, calls, texts),
        "answer": _answer(answers[0], claims, texts) if answers else None,
    }


def newest(store: Store, window: Window, *, ungrounded: bool, limit: int, project: str) -> list[Node]:
    """The newest traces of *window*, or the newest of those whose answer is ungrounded."""
    bound = {
        "since": windows.literal(window.since),
        "until": windows.literal(window.until),
        "suspects": window.suspects,
        "project": project,
        "ungrounded": ungrounded,
        "limit": limit,
    }
    return store.rows(_sql("traces_newest"), bound)


@cache
def _sql(name: str) -> str:
    return files(__package__).joinpath("queries", f"{name}.sql").read_text()


def _find(store: Store, prefix: str, project: str) -> Row:
    if not _TRACE_ID.fullmatch(prefix):
        raise RejectedData(
            f"a trace is named by its id of 32 hexadecimal digits, or by its first {SHORTEST_PREFIX} or more, "
            f"got {prefix!r}"
        )
    found = store.rows(_sql("trace_find"), {"prefix": prefix, "project": project})
    if not found:
        raise NotFound(f"no trace is stored whose id begins with {prefix!r}")
    if len(found) > 1:
        both = " and ".join(f"{row['trace_id']} of project {row['project']!r}" for row in found)
        raise RejectedData(f"{prefix!r} is the beginning of more than one trace, such as {both}: give more digits")
    return found[0]


def _head(place: Row, spans: Sequence[Row], calls: Sequence[Row]) -> Node:
    """What holds for the trace as a whole."""
    begin = min(_int(span["start_ns"]) for span in spans)
    end = max(_int(span["start_ns"]) + _int(span["duration_ns"]) for span in spans)
    root = next((span for span in spans if not span["parent_span_id"]), spans[0])
    costs = [cast(Decimal, call["cost_usd"]) for call in calls if call["cost_usd"] is not None]
    return {
        "trace_id": place["trace_id"],
        "project": place["project"],
        "root_start": str(place["root_start"]).replace(" ", "T") + "Z",
        "duration_ns": end - begin,
        "name": root["name"],
        **{name: root[name] for name in ("service", "version", "environment", "session", "user", "segments")},
        "calls": len(calls),
        "cost_usd": money(sum(costs, Decimal())) if costs else None,
        "unpriced_calls": len(calls) - len(costs),
    }


def nodes(spans: Sequence[Row], calls: Mapping[str, Row], texts: Mapping[int, str]) -> list[Node]:
    """The spans as a list that is a tree when read from the top: each has its depth. Pure."""
    by_id = {str(span["span_id"]): span for span in spans}
    places = span_tree.placed(_span(span) for span in by_id.values())
    begin = min(place.span.start_ns for place in places)
    return [_node(place, begin, by_id[place.span.span_id], calls, texts) for place in places]


def _span(row: Row) -> span_tree.Span:
    return span_tree.Span(
        str(row["span_id"]), str(row["parent_span_id"]), _int(row["start_ns"]), _int(row["duration_ns"])
    )


def _node(place: span_tree.Placed, begin_ns: int, row: Row, calls: Mapping[str, Row], texts: Mapping[int, str]) -> Node:
    call = calls.get(place.span.span_id, {})
    cost = call.get("cost_usd")
    return {
        "span_id": place.span.span_id,
        "parent_span_id": place.span.parent_span_id,
        "depth": place.depth,
        "is_orphan": place.is_orphan,
        "offset_ns": place.span.start_ns - begin_ns,
        "own_ns": place.own_ns,
        **{name: row[name] for name in _COPIED},
        "is_call": bool(call),
        "cost_usd": money(cost) if isinstance(cost, Decimal) else None,
        "unpriced_reason": call.get("unpriced_reason", ""),
        "chunks": _chunks(row, texts),
    }


def _chunks(row: Row, texts: Mapping[int, str]) -> list[Node]:
    columns = [cast(Sequence[object], row[f"chunk_{name}"]) for name in ("hashes", "ids", "scores", "sources")]
    return [
        {"rank": rank, "id": id_, "score": _score(score), "source": source, "text": texts.get(_int(hash_), "")}
        for rank, (hash_, id_, score, source) in enumerate(zip(*columns, strict=True))
    ]


def _score(score: object) -> float | None:
    # JSON has no word for what is no finite number.
    return score if isinstance(score, float) and math.isfinite(score) else None


def _answer(answer: Row, claims: Sequence[Row], texts: Mapping[int, str]) -> Node:
    return {
        **{name: value for name, value in answer.items() if name != "answer"},
        "text": answer["answer"],
        "claims": [
            {name: claim[name] for name in ("claim", "start", "end", "text", "verdict", "cause", "support", "reason")}
            | {"evidence": evidence(claim, texts)}
            for claim in claims
        ],
    }


def evidence(claim: Row, texts: Mapping[int, str]) -> Node | None:
    """The passage that decided a claim, with the chunk's text around it; None if there is none. Pure."""
    if claim["chunk"] is None:
        return None
    text = texts.get(_int(claim["chunk_hash"]), "") if claim["chunk_hash"] is not None else ""
    start, end = claim["evidence_start"], claim["evidence_end"]
    passage = (_int(start), _int(end)) if start is not None and end is not None else (0, 0)
    return {
        "chunk": claim["chunk"],
        "id": claim["chunk_id"],
        "source": claim["chunk_source"],
        "start": start,
        "end": end,
        "before": text[max(passage[0] - AROUND, 0) : passage[0]],
        "text": text[passage[0] : passage[1]],
        "after": text[passage[1] : passage[1] + AROUND],
    }


def _int(value: object) -> int:
    """A column of whole numbers."""
    return cast(int, value)


def router(reading: "Callable[[Request], tuple[Store, str]]") -> "APIRouter":
    """GET /api/v1/traces and /api/v1/traces/{trace_id}; as in `report.router`."""
    # Whoever only prints a trace waits for no web framework.
    from fastapi import APIRouter, Request, Response

    api = APIRouter(prefix="/api/v1")

    def answered(value: object) -> Response:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        return Response(escapes.json_text(text), media_type="application/json")

    @api.get("/traces")
    def listed(
        request: Request, since: str = "", until: str = "", limit: str = "20", ungrounded: str = "false"
    ) -> Response:
        store, project = reading(request)
        parameters.only(request.query_params, "since", "until", "limit", "ungrounded")
        window = windows.window(since, until, datetime.now(UTC))
        wanted = parameters.flag("ungrounded", ungrounded)
        most = parameters.whole("limit", limit, MOST_LISTED)
        return answered({"traces": newest(store, window, ungrounded=wanted, limit=most, project=project)})

    @api.get("/traces/{trace_id}")
    def shown(request: Request, trace_id: str) -> Response:
        store, project = reading(request)
        parameters.only(request.query_params)
        return answered(document(store, trace_id, project=project))

    return api

"""A question about a window of time -> SQL of queries/*.sql -> rows, and the HTTP endpoints that give them out."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from string import Template
from typing import Final, TypeAlias, cast

from fastapi import APIRouter, Request, Response

from groundspan_collector import catalogue, escapes, formats, traces, windows
from groundspan_collector.catalogue import Question
from groundspan_collector.errors import RejectedData
from groundspan_collector.store import Store
from groundspan_collector.windows import Window

Cell: TypeAlias = str | int | float | Decimal | None

MOST_K: Final = 1_000_000
HTTP_TABLE_WIDTH: Final = 160
CONTENT_TYPES: Final = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "table": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to one question."""

    name: str
    since: datetime
    until: datetime
    by: tuple[str, ...]
    columns: tuple[str, ...]
    """The dimensions first; every row has exactly these."""
    rows: tuple[Mapping[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is put to the store."""

    question: Question
    window: Window
    by: tuple[str, ...]
    k: int
    """How many of the first chunks count as retrieved; 0: all."""


def ask(name: str, *, since: str, until: str, by: str, k: str, now: datetime) -> Asked:
    """The question that a caller's words put; empty words stand for the defaults.

    Raises NotFound or RejectedData, which say what is accepted.
    """
    question = catalogue.question(name)
    return Asked(
        question,
        windows.window(since, until, now),
        catalogue.dimensions(question, by),
        _whole("k", k, MOST_K) if k else 0,
    )


def _whole(name: str, text: str, most: int) -> int:
    if not (re.fullmatch(r"[0-9]{1,9}", text) and 1 <= int(text) <= most):
        raise RejectedData(f"{name} must be a whole number from 1 to {most}, got {text!r}")
    return int(text)


def run(store: Store, asked: Asked, *, project: str) -> Report:
    """Put the question; *project* is the only one that is read, unless it is empty."""
    grouping = catalogue.grouping(asked.question, asked.by)
    sql = _query(asked.question.name).substitute(
        by=grouping.columns, groups=grouping.names, times=grouping.times, scope=grouping.scope
    )
    parameters = dict(grouping.parameters) | {
        "since": windows.literal(asked.window.since),
        "until": windows.literal(asked.window.until),
        "project": project,
        "k": asked.k,
    }
    columns = asked.by + asked.question.columns
    sources = [f"by_{position}" for position in range(len(asked.by))] + list(asked.question.columns)
    rows = tuple(
        {column: cast(Cell, row[source]) for column, source in zip(columns, sources, strict=True)}
        for row in store.rows(sql, parameters)
    )
    return Report(asked.question.name, asked.window.since, asked.window.until, asked.by, columns, rows)


@cache
def _query(name: str) -> Template:
    return Template(files(__package__).joinpath("queries", f"{name}.sql").read_text())


def document(report: Report) -> dict[str, object]:
    """*report* as JSON says it: money as strings, NULL as null, times in UTC."""
    return {
        "report": report.name,
        "since": windows.iso(report.since),
        "until": windows.iso(report.until),
        "by": list(report.by),
        "rows": [{column: json_cell(row[column]) for column in report.columns} for row in report.rows],
    }


def json_cell(cell: Cell) -> str | int | float | None:
    """One value as JSON says it."""
    return formats.money(cell) if isinstance(cell, Decimal) else cell


def router(reading: Callable[[Request], tuple[Store, str]]) -> APIRouter:
    """The endpoints that read; *reading* gives the store, and the only project that may be read (empty: all).

    They are no coroutines, so that FastAPI runs them in threads. Errors are CollectorErrors.
    """
    api = APIRouter(prefix="/api/v1")

    @api.get("/reports/{name}")
    def report(
        request: Request,
        name: str,
        since: str = "",
        until: str = "",
        by: str = "",
        k: str = "",
        format: str = "json",  # noqa: A002 - the parameter's name in the URL
    ) -> Response:
        _only(request, "since", "until", "by", "k", "format")
        store, project = reading(request)
        render = formats.accepted(format)
        asked = ask(name, since=since, until=until, by=by, k=k, now=datetime.now(UTC))
        text = render(document(run(store, asked, project=project)), HTTP_TABLE_WIDTH)
        return Response(text, media_type=CONTENT_TYPES[format])

    @api.get("/traces")
    def newest(
        request: Request, since: str = "", until: str = "", limit: str = "20", ungrounded: str = "false"
    ) -> Response:
        _only(request, "since", "until", "limit", "ungrounded")
        store, project = reading(request)
        window = windows.window(since, until, datetime.now(UTC))
        wanted, most = _flag("ungrounded", ungrounded), _whole("limit", limit, traces.MOST_LISTED)
        return _json(traces.newest(store, window, ungrounded=wanted, limit=most, project=project))

    @api.get("/traces/{trace_id}")
    def trace(request: Request, trace_id: str) -> Response:
        _only(request)
        store, project = reading(request)
        return _json(traces.document(store, trace_id, project=project))

    return api


def _json(value: object) -> Response:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return Response(escapes.json_text(text), media_type=CONTENT_TYPES["json"])


def _flag(name: str, text: str) -> bool:
    if text.lower() not in {"true", "false", "1", "0"}:
        raise RejectedData(f"{name} must be true or false, got {text!r}")
    return text.lower() in {"true", "1"}


def _only(request: Request, *accepted: str) -> None:
    """Refuse a misspelt parameter instead of answering another question."""
    for name in request.query_params:
        if name not in accepted:
            nearest = get_close_matches(name, accepted, n=1)
            hint = f"did you mean {nearest[0]}? " if nearest else ""
            raise RejectedData(f"there is no parameter {name!r}; {hint}accepted: {', '.join(accepted) or 'none'}")

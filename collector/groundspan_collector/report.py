"""A question about a window of time -> SQL of queries/*.sql -> rows, and the HTTP endpoint that gives them out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from string import Template
from typing import Final, TypeAlias, cast

from fastapi import APIRouter, Request, Response

from groundspan_collector import catalogue, corrections, formats, parameters, windows
from groundspan_collector.catalogue import Question
from groundspan_collector.store import Store
from groundspan_collector.strata import CELL_SQL
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
    notes: tuple[str, ...] = ()
    """What a reader must know of the figures, a sentence each."""


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
        parameters.whole("k", k, MOST_K) if k else 0,
    )


def run(store: Store, asked: Asked, *, project: str) -> Report:
    """Put the question; *project* is the only one that is read, unless it is empty."""
    grouping = catalogue.grouping(asked.question, asked.by)
    sql = _query(asked.question.name).substitute(
        by=grouping.columns, groups=grouping.names, times=grouping.times, scope=grouping.scope, cell=CELL_SQL
    )
    bound = dict(grouping.parameters) | {
        "since": windows.literal(asked.window.since),
        "until": windows.literal(asked.window.until),
        "project": project,
        "suspects": asked.window.suspects,
        "k": asked.k,
    }
    columns = asked.by + asked.question.columns
    sources = [f"by_{position}" for position in range(len(asked.by))] + list(asked.question.columns)
    found, notes = store.rows(sql, bound), list[str]()
    if asked.question.name == "hallucination":
        found, notes = corrections.added(store, found, grouping, bound)
    rows = tuple(
        {column: cast(Cell, row[source]) for column, source in zip(columns, sources, strict=True)} for row in found
    )
    return Report(asked.question.name, asked.window.since, asked.window.until, asked.by, columns, rows, tuple(notes))


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
        "notes": list(report.notes),
    }


def json_cell(cell: Cell) -> str | int | float | None:
    """One value as JSON says it."""
    return formats.money(cell) if isinstance(cell, Decimal) else cell


def router(reading: Callable[[Request], tuple[Store, str]]) -> APIRouter:
    """GET /api/v1/reports/{name}; *reading* gives the store, and the only project that may be read (empty: all).

    The endpoint is no coroutine, so that FastAPI runs it in a thread. Errors are CollectorErrors.
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
        store, project = reading(request)
        parameters.only(request.query_params, "since", "until", "by", "k", "format")
        render = formats.accepted(format)
        asked = ask(name, since=since, until=until, by=by, k=k, now=datetime.now(UTC))
        text = render(document(run(store, asked, project=project)), HTTP_TABLE_WIDTH)
        return Response(text, media_type=CONTENT_TYPES[format])

    return api

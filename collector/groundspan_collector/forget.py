"""Erase what is known of a trace, or of all traces of a user, from every table."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from fastapi import APIRouter, Request

from groundspan_collector import retention
from groundspan_collector.errors import NotFound, RejectedData, StoreUnavailable
from groundspan_collector.store import Store

_TABLES: Final = (
    ("spans", "trace_id"),
    ("spans_trace_id_ts", "TraceId"),
    ("answers", "trace_id"),
    ("verdicts", "trace_id"),
    ("contents", "trace_id"),
    ("evaluations", "trace_id"),
)
_AT_A_TIME: Final = 1000


def forget(store: Store, *, trace: str, user: str, project: str) -> int:
    """Erase one trace, or all traces in which *user* is named; how many there were.

    Only those of *project*, unless it is empty. The rows are rewritten, not only hidden, and chunks that nothing else
    refers to go with them. Raises RejectedData unless exactly one of *trace* and *user* is given, NotFound where
    there is nothing to erase.
    """
    if bool(trace) == bool(user):
        raise RejectedData("say what to forget: either a trace (its whole id) or a user")
    # No group may be half-way in: it would bring a part of what is erased back.
    with store.writing:
        found = _traces(store, trace, user, project)
        if not found:
            raise NotFound(f"nothing is stored of the {'trace' if trace else 'user'} {trace or user!r}")
        for some in _batches(found):
            for table, column in _TABLES:
                store.execute(
                    f"ALTER TABLE {table} DELETE WHERE {column} IN {{ids:Array(String)}} AND (project, {column}) IN "
                    "{traces:Array(Tuple(String, String))} SETTINGS mutations_sync = 1",
                    {"ids": [trace_id for _, trace_id in some], "traces": list(some)},
                )
        store.execute(retention.ORPHANED_CHUNKS)
    return len(found)


def _traces(store: Store, trace: str, user: str, project: str) -> list[tuple[str, str]]:
    rows = store.rows(
        "SELECT DISTINCT project, trace_id FROM (SELECT project, trace_id, user FROM spans "
        "UNION ALL SELECT project, TraceId, '' FROM spans_trace_id_ts) "
        "WHERE ({project:String} = '' OR project = {project:String}) "
        "AND if({trace:String} != '', trace_id = {trace:String}, user = {user:String})",
        {"project": project, "trace": trace.lower(), "user": user},
    )
    return [(str(row["project"]), str(row["trace_id"])) for row in rows]


def _batches(found: Sequence[tuple[str, str]]) -> Iterator[Sequence[tuple[str, str]]]:
    for first in range(0, len(found), _AT_A_TIME):
        yield found[first : first + _AT_A_TIME]


def router(owning: Callable[[Request], tuple[Store, str]], spooled: Callable[[], bool]) -> APIRouter:
    """POST /api/v1/forget?trace=… or ?user=…

    *owning* gives the store and the only project that may be touched (empty: all); *spooled* says whether something
    still waits to be stored, which could bring back what is erased.
    """
    routes = APIRouter(prefix="/api/v1")

    @routes.post("/forget")
    def post_forget(request: Request, trace: str = "", user: str = "") -> dict[str, int]:
        """Erase a trace, or all traces of a user."""
        store, project = owning(request)
        if spooled():
            raise StoreUnavailable("the spool still holds what may belong to it: try again when that is stored")
        return {"traces": forget(store, trace=trace, user=user, project=project)}

    return routes

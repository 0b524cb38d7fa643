"""Erase what is known of a trace, or of all traces of a user, from every table and from what was set aside."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

from fastapi import APIRouter, Request

from groundspan_collector import retention
from groundspan_collector.decode import belonging
from groundspan_collector.decode.belonging import TELLING_OF_TRACES, Trace
from groundspan_collector.errors import NotFound, RejectedData, StoreUnavailable
from groundspan_collector.spool import Record, Spool
from groundspan_collector.store import Store

_TABLES: Final = (
    ("spans", "trace_id"),
    ("spans_trace_id_ts", "TraceId"),
    ("answers", "trace_id"),
    ("verdicts", "trace_id"),
    ("contents", "trace_id"),
    ("evaluations", "trace_id"),
    ("label_draws", "trace_id"),
)
_AT_A_TIME: Final = 1000
LONGEST_WAIT_S: Final = 10.0
"""For what is in the spool: only the store knows whose it is."""
_PAUSE_S: Final = 0.1


def forget(store: Store, spool: Spool, *, trace: str, user: str, project: str) -> int:
    """Erase one trace, or all traces in which *user* is named; how many there were.

    Only those of *project*, unless it is empty. The rows are rewritten, not only hidden, and chunks that nothing else
    refers to go with them; so do the requests that were set aside in *spool*. Raises RejectedData unless exactly one of
    *trace* and *user* is given, NotFound where there is nothing to erase.
    """
    if bool(trace) == bool(user):
        raise RejectedData("say what to forget: either a trace (its whole id) or a user")
    # No group may be half-way in: it would bring a part of what is erased back.
    with store.alone():
        stored, aside = _stored(store, trace, user, project), _set_aside(spool, trace, user, project)
        found = sorted(stored | aside)
        if not found:
            raise NotFound(f"nothing is stored of the {'trace' if trace else 'user'} {trace or user!r}")
        # Before the tables: after a crash they still tell which traces it was about.
        spool.revise_rejected(lambda record: _without(record, set(found)))
        for some in _batches(found):
            ids = {"ids": [trace_id for _, trace_id in some], "traces": list(some)}
            for table, column in _TABLES:
                store.execute(
                    f"ALTER TABLE {store.layout.changing(table)} DELETE WHERE {column} IN {{ids:Array(String)}} "
                    f"AND (project, {column}) IN {{traces:Array(Tuple(String, String))}} SETTINGS mutations_sync = 2",
                    ids,
                )
        retention.erase_orphaned_chunks(store)
    return len(found)


def _stored(store: Store, trace: str, user: str, project: str) -> set[Trace]:
    rows = store.rows(
        "SELECT DISTINCT project, trace_id FROM (SELECT project, trace_id, user FROM spans "
        "UNION ALL SELECT project, TraceId, '' FROM spans_trace_id_ts) "
        "WHERE ({project:String} = '' OR project = {project:String}) "
        "AND if({trace:String} != '', trace_id = {trace:String}, user = {user:String})",
        {"project": project, "trace": trace.lower(), "user": user},
    )
    return {(str(row["project"]), str(row["trace_id"])) for row in rows}


def _set_aside(spool: Spool, trace: str, user: str, project: str) -> set[Trace]:
    return {
        each
        for record in spool.rejected()
        if record.kind in TELLING_OF_TRACES
        for each in belonging.traces(record.kind, record.body, record.project, user=user)
        if project in {"", each[0]} and trace.lower() in {"", each[1]}
    }


def _without(record: Record, traces: Collection[Trace]) -> Record | None:
    """*record* without what it tells of *traces*; None if that is all."""
    if record.kind not in TELLING_OF_TRACES:
        return record
    if not belonging.traces(record.kind, record.body, record.project) & set(traces):
        return record
    body, items = belonging.without(record.kind, record.body, record.project, traces)
    return replace(record, body=body, items=items) if items else None


def _batches(found: Sequence[Trace]) -> Iterator[Sequence[Trace]]:
    for first in range(0, len(found), _AT_A_TIME):
        yield found[first : first + _AT_A_TIME]


def router(owning: Callable[[Request], tuple[Store, str]], spool: Spool) -> APIRouter:
    """POST /api/v1/forget?trace=… or ?user=…

    *owning* gives the store and the only project that may be touched (empty: all). What waits in *spool* could bring
    back what is erased.
    """
    routes = APIRouter(prefix="/api/v1")

    @routes.post("/forget")
    def post_forget(request: Request, trace: str = "", user: str = "") -> dict[str, int]:
        """Erase a trace, or all traces of a user."""
        store, project = owning(request)
        wait_for_replay(spool, LONGEST_WAIT_S)
        return {"traces": forget(store, spool, trace=trace, user=user, project=project)}

    return routes


def wait_for_replay(spool: Spool, longest_s: float) -> None:
    """Back when nothing waits in *spool*. Raises StoreUnavailable where that takes longer than *longest_s*."""
    until, pause = time.monotonic() + longest_s, threading.Event()
    while spool.oldest():
        if time.monotonic() > until:
            raise StoreUnavailable("the spool still holds what may belong to it: try again when that is stored")
        pause.wait(_PAUSE_S)

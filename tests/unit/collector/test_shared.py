"""Two collectors on one server that bring copies of a span at the same moment: one of them counts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import fronts
import pytest
import stores
from copies import BEFORE, CHILD_ID, ROOT_ID, names, one_span, root_start, sent
from groundspan_collector.store import Store
from groundspan_collector.tables import Staged, Tables

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EARLY, LATE = one_span(NOON, "early"), one_span(NOON + timedelta(hours=2), "late")


class Meanwhile:
    """Tables on which something else happens just before spans are written."""

    shared = True

    def __init__(self, tables: Tables, happens: Callable[[], object]) -> None:
        self._tables = tables
        self._happens = happens

    def write(
        self, table: str, columns: Sequence[str], select: str, parameters: Mapping[str, object] | None = None
    ) -> None:
        """Write, and let it happen before."""
        if table == "spans":
            self._happens()
        self._tables.write(table, columns, select, parameters)

    def write_compared(
        self, table: str, columns: Sequence[str], select: str, staged: Staged, parameters: Mapping[str, object]
    ) -> None:
        """Write."""
        self._tables.write_compared(table, columns, select, staged, parameters)

    def rows(self, sql: str, staged: Staged, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        """Read."""
        return self._tables.rows(sql, staged, parameters)

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Write."""
        self._tables.add(table, columns, rows)


@pytest.fixture(scope="module", params=["", fronts.CLUSTER], ids=["server", "cluster"])
def collectors(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, store: Store
) -> Iterator[tuple[Store, Store]]:
    """Two stores on one server."""
    with fronts.front(tmp_path_factory.mktemp("shared"), cluster=request.param) as front:
        both = [stores.on_server(store, front, first_lane=lane) for lane in (900, 910)]
        yield both[0], both[1]
        for each in both:
            each.close()


def at_once(collectors: tuple[Store, Store], project: str, body: bytes, meanwhile: bytes) -> None:
    """Bring *body* through one collector; between its look and its writing the other brings *meanwhile*."""
    one, other = collectors
    lanes = one._all_lanes
    before = [lane._tables for lane in lanes]
    for lane, tables in zip(lanes, before, strict=True):
        lane._tables = Meanwhile(tables, lambda: sent(other, project, meanwhile))
    try:
        sent(one, project, body)
    finally:
        for lane, tables in zip(lanes, before, strict=True):
            lane._tables = tables


@pytest.mark.parametrize(("body", "meanwhile"), [(EARLY, LATE), (LATE, EARLY)], ids=["early last", "late last"])
def test_later_copy_counts_when_two_collectors_bring_copies_at_once(
    collectors: tuple[Store, Store], project: str, body: bytes, meanwhile: bytes
) -> None:
    """Neither saw the other's when it looked; whoever wrote last looks again."""
    at_once(collectors, project, body, meanwhile)

    assert names(collectors[0], project) == ["late"]
    assert root_start(collectors[0], project) == NOON + timedelta(hours=2)


def test_trace_keeps_its_other_spans_when_two_collectors_correct_it(
    collectors: tuple[Store, Store], project: str
) -> None:
    """What was stored before stays, and counts once."""
    child = one_span(BEFORE, "child", span_id=CHILD_ID, parent_id=ROOT_ID)
    sent(collectors[0], project, child)

    at_once(collectors, project, EARLY, LATE)

    assert names(collectors[1], project) == ["child", "late"]


def test_same_copy_is_no_correction_when_two_collectors_bring_it(collectors: tuple[Store, Store], project: str) -> None:
    """An exporter that was not answered sends to another collector."""
    at_once(collectors, project, LATE, LATE)

    assert names(collectors[0], project) == ["late"]

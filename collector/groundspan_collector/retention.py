"""How long spans and their texts are kept: what is too old -> statements that drop it. Whole days, UTC."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from groundspan_collector.settings import Retention
from groundspan_collector.store import Store

_BY_DAY: Final = ("spans", "contents", "evaluations", "metric_points")
_BY_TIME: Final = (
    ("spans_trace_id_ts", "End"),
    ("verdicts", "root_start"),
    ("answers", "root_start"),
    ("label_draws", "root_start"),
)
_SPAN_TEXTS: Final = ("query", "output", "status_message", "attributes", "events")
_ORPHANED: Final = "(project, hash) NOT IN (SELECT project, arrayJoin(chunks.hash) FROM spans WHERE start_time >= {})"
_ORPHANS_AT_A_TIME: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def day_before(now: datetime, days: int) -> datetime:
    """The first midnight, UTC, that is to be kept: *days* whole days and the one that goes on."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)


def partitions_before(partitions: Sequence[str], oldest: datetime) -> list[str]:
    """Those of *partitions* (days, written 20260131) that end before *oldest*."""
    return sorted(day for day in partitions if day < f"{oldest:%Y%m%d}")


def erase_orphaned_chunks(store: Store, oldest: datetime = _EPOCH) -> None:
    """Erase the chunks that no span refers to that started at *oldest* or later. The caller is within store.alone()."""
    orphaned = _ORPHANED.format(_literal(oldest))
    chunks = store.layout.changing("chunks")
    if not store.layout.cluster:
        store.execute(f"ALTER TABLE {chunks} DELETE WHERE {orphaned}")
        return
    # A replicated table takes no question with a change, and Keeper no long one.
    while found := store.rows(f"SELECT project, hash FROM chunks WHERE {orphaned} LIMIT {_ORPHANS_AT_A_TIME}"):
        keys = [(row["project"], row["hash"]) for row in found]
        store.execute(
            f"ALTER TABLE {chunks} DELETE WHERE (project, hash) IN {{keys:Array(Tuple(String, UInt128))}} "
            "SETTINGS mutations_sync = 2",
            {"keys": keys},
        )


class Keeper:
    """Drops what is older than the retention says."""

    def __init__(self, store: Store, retention: Retention, clock: Callable[[], datetime]) -> None:
        """Nothing is dropped before drop_old() is called."""
        self._store = store
        self._retention = retention
        self._clock = clock
        self._cleared: set[str] = set()

    def drop_old(self) -> int:
        """Drop what is too old now; 0, since nothing is left to do."""
        now = self._clock()
        dropped = cleared = 0
        if self._retention.days is not None:
            dropped = self._drop_rows(day_before(now, self._retention.days))
        if self._retention.text_days is not None:
            cleared = self._clear_texts(day_before(now, self._retention.text_days))
        if dropped or cleared:
            self._drop_orphaned_chunks(now)
        return 0

    def _drop_rows(self, oldest: datetime) -> int:
        dropped = sum(self._drop_days(table, oldest) for table in _BY_DAY)
        for table, time in _BY_TIME:
            self._store.execute(f"DELETE FROM {self._changing(table)} WHERE {time} < {_literal(oldest)}")
        return dropped

    def _drop_days(self, table: str, oldest: datetime) -> int:
        days = partitions_before(self._days(table), oldest)
        for day in days:
            self._store.execute(f"ALTER TABLE {self._changing(table)} DROP PARTITION {day}")
        return len(days)

    def _clear_texts(self, oldest: datetime) -> int:
        self._drop_days("contents", oldest)
        days = [day for day in partitions_before(self._days("spans"), oldest) if day not in self._cleared]
        for day in days:
            for column in _SPAN_TEXTS:
                self._store.execute(f"ALTER TABLE {self._changing('spans')} CLEAR COLUMN {column} IN PARTITION {day}")
        for table, cleared in (("answers", "question = '', answer = ''"), ("verdicts", "text = '', reason = ''")):
            self._store.execute(
                f"ALTER TABLE {self._changing(table)} UPDATE {cleared} WHERE root_start < {_literal(oldest)}"
            )
        self._cleared.update(days)
        return len(days)

    def _drop_orphaned_chunks(self, now: datetime) -> None:
        text_days = self._retention.text_days
        # A chunk is written before the span that refers to it: no group may be between the two.
        with self._store.alone():
            erase_orphaned_chunks(self._store, _EPOCH if text_days is None else day_before(now, text_days))

    def _changing(self, table: str) -> str:
        return self._store.layout.changing(table)

    def _days(self, table: str) -> list[str]:
        layout = self._store.layout
        rows = self._store.rows(
            f"SELECT DISTINCT partition FROM {layout.system('parts')} "
            "WHERE active AND database = {database:String} AND table = {table:String}",
            {"database": layout.database, "table": layout.holding(table)},
        )
        return [str(row["partition"]) for row in rows]


def _literal(time: datetime) -> str:
    """*time* in SQL: of a bound one, the engine makes a number in a mutation, and cannot read it back."""
    return f"toDateTime64('{time:%Y-%m-%d %H:%M:%S}', 9, 'UTC')"

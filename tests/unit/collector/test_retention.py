"""What is older than it should be is dropped, by whole days, with all that hangs on it."""

from datetime import UTC, datetime, timedelta

import otlp
import pytest
import stored
from groundspan_collector.errors import ConfigError
from groundspan_collector.retention import Keeper, day_before, partitions_before
from groundspan_collector.settings import Retention
from groundspan_collector.store import Store

EVERY_STORE = True

NOON = datetime.fromtimestamp(otlp.NOON_NS / otlp.SECOND, UTC)
DAY_NS = 86_400 * otlp.SECOND


def count(store: Store, table: str, project: str) -> object:
    """How many rows of *table* the project has."""
    [row] = store.rows(f"SELECT count() AS n FROM {table} WHERE project = {{p:String}}", {"p": project})
    return row["n"]


def insert_days(store: Store, project: str, *ages: int) -> None:
    """A retrieval so many days before noon, each with a chunk of its own."""
    for age in ages:
        documents = {"gen_ai.retrieval.documents": f'[{{"content": "the chunk of day {age} of {project}"}}]'}
        span = otlp.span(documents | {"user.id": "u"}, name=f"day {age}")
        span.start_time_unix_nano -= age * DAY_NS
        span.end_time_unix_nano -= age * DAY_NS
        stored.insert(store, project, span)


def keep(store: Store, *, days: int | None = None, text_days: int | None = None) -> None:
    """Drop what is too old at noon."""
    Keeper(store, Retention(days, text_days), lambda: NOON).drop_old()


def test_old_spans_are_dropped_with_their_chunks_when_days_are_set(store: Store, project: str) -> None:
    """Of three days, two are kept: spans, their traces, and their chunks."""
    insert_days(store, project, 0, 2, 3)
    keep(store, days=2)

    assert [row["name"] for row in stored.spans(store, project)] == ["day 0", "day 2"]
    assert count(store, "traces_once", project) == 2
    assert count(store, "chunks", project) == 2


def test_old_texts_are_cleared_when_text_days_are_set(store: Store, project: str) -> None:
    """Beyond the days of texts a span keeps its numbers and loses its words; its chunk is gone."""
    insert_days(store, project, 0, 5)
    keep(store, text_days=2)

    rows = {row["name"]: row for row in stored.spans(store, project)}
    assert rows["day 0"]["attributes"] == {"user.id": "u"}
    assert rows["day 5"]["attributes"] == {}
    assert len(rows["day 5"]["chunks"]) == 1
    assert count(store, "chunks", project) == 1


def test_everything_stays_when_nothing_is_set(store: Store, project: str) -> None:
    """The default is for ever."""
    insert_days(store, project, 0, 400)
    keep(store)

    assert count(store, "spans_once", project) == 2
    assert str(Retention()) == "everything is kept for ever"


def test_days_begin_at_midnight_when_they_are_reckoned() -> None:
    """At noon, one day back is yesterday's midnight, so that whole partitions go."""
    assert day_before(NOON, 1) == NOON - timedelta(hours=36)
    assert partitions_before(["20260907", "20260909", "20260908"], day_before(NOON, 1)) == ["20260907"]


@pytest.mark.parametrize("days", [0, -1])
def test_retention_is_refused_when_it_would_keep_nothing(days: int) -> None:
    """A retention of no days is a mistake, said at the start."""
    with pytest.raises(ConfigError, match="--retain-days must be 1 or more"):
        Retention(days=days)

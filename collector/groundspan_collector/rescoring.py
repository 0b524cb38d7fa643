"""Answers that were judged as they arrived, for another judge to judge beside. The table says what is left."""

from collections.abc import Sequence
from dataclasses import dataclass

from groundspan_collector import gathering, queries, tasks
from groundspan_collector.answers import Answer, answer_of
from groundspan_collector.settings import JudgeShare
from groundspan_collector.store import Row, Store
from groundspan_collector.tasks import JudgedBy, Key, Task
from groundspan_collector.windows import Window

FIRST: Key = ("", "")
"""Every key is greater."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The answers of *window* that *judge* is to judge: a *share*, and only those of *project*, unless it is empty."""

    judge: JudgedBy
    window: Window
    share: JudgeShare
    project: str

    def parameters(self) -> Row:
        """As the queries take them."""
        return {
            "judge": self.judge.name,
            "version": self.judge.version,
            "since": self.window.since,
            "until": self.window.until,
            "project": self.project,
            "part": self.share.number - 1,
            "parts": self.share.of,
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """How many answers there are, and how many are judged."""

    total: int
    done: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be judged, and where to go on after it."""

    tasks: list[Task]
    looked_at: int
    """Answers; those that changed since, or of which the texts are gone, are no tasks."""
    after: Key | None
    """None: this was the last one."""


def progress(store: Store, wanted: Wanted) -> Progress:
    """How far it is."""
    (row,) = store.rows(queries.sql("rescored"), wanted.parameters())
    return Progress(int(str(row["total"])), int(str(row["done"])))


def take(store: Store, wanted: Wanted, *, after: Key, most: int) -> Batch:
    """The next answers after the key *after*.

    An answer whose spans say something else than what was judged as it arrived is passed over: it is about to be
    judged again, or its texts were erased.
    """
    place = {"after_project": after[0], "after_trace_id": after[1], "most": most}
    rows = store.rows(queries.sql("rescorable"), wanted.parameters() | place)
    found = _found(store, rows, wanted.judge)
    given = gathering.tasks(store, found) if found else []
    if len(given) < len(found):
        reached = given[-1].key
        return Batch(given, [gathering.key_of(row) for row in rows].index(reached) + 1, reached)
    return Batch(given, len(rows), gathering.key_of(rows[-1]) if len(rows) == most else None)


def _found(store: Store, rows: Sequence[Row], judge: JudgedBy) -> list[tuple[Row, Answer]]:
    if not rows:
        return []
    parameters = {
        "projects": sorted({str(row["project"]) for row in rows}),
        "trace_ids": [str(row["trace_id"]) for row in rows],
    }
    traces = store.rows(queries.sql("trace_times"), parameters)
    spans = gathering.spans(store, traces)[0] if traces else {}
    found = []
    for row in rows:
        answer = answer_of(spans.get(gathering.key_of(row), []))
        if answer and tasks.input_hash(answer) == row["input_hash"]:
            found.append((_row(row, judge) | tasks.dimensions(answer), answer))
    return found


def _row(line: Row, judge: JudgedBy) -> Row:
    """The judgement's row so far; it is beside that of *line*, unless it makes good what the same judge failed on."""
    kept = {name: line[name] for name in ("project", "trace_id", "root_start", "last_received", "sample_ratio")}
    by = {"judge": judge.name, "judge_version": judge.version}
    return kept | by | {"beside": (line["judge"], line["judge_version"]) != (judge.name, judge.version)}

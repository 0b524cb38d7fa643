"""What the hallucination report says beside the raw rate of answers: one without the judge's errors, and whence."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Template
from typing import Final, TypeAlias, cast

from groundspan_collector import judges, queries, rates, strata
from groundspan_collector.catalogue import Grouping
from groundspan_collector.rates import ErrorRates, Estimate, Label
from groundspan_collector.store import Row, Store

LABELS, PUBLISHED = "labels", "published rates"
SEVERAL, UNKNOWN = "several judges", "rates unknown"
MOST_LABELS: Final = 200_000
"""The newest; a person has not labelled as many."""

JudgeKey: TypeAlias = tuple[str, str]
"""A judge's name and version."""
_Group: TypeAlias = tuple[object, ...]
_Draw: TypeAlias = tuple[str, int]
"""A draw, and a cell of it."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A label of an answer that was drawn, as it is stored."""

    group: _Group
    at: datetime
    cell: int
    is_in_window: bool
    is_ungrounded: bool
    draw: str
    draw_cell: int
    draw_cell_answers: int
    draw_since: datetime
    draw_until: datetime
    draw_judge: JudgeKey
    is_same_judge: bool
    """Whether the judgement that counts is of the judge and version by whose calls it was drawn."""


def added(
    store: Store, rows: Sequence[Row], grouping: Grouping, bound: Mapping[str, object]
) -> tuple[list[Row], list[str]]:
    """*rows* of hallucination.sql with the corrected rate of each, and what must be said about that."""
    sql = Template(queries.sql("labels")).substitute(by=grouping.columns, groups=grouping.names, cell=strata.CELL_SQL)
    names = grouping.names.split(", ")
    found = store.rows(sql, dict(bound) | {"most": MOST_LABELS}) if rows and _are_there_labels(store) else []
    drawn = [_drawn(row, names) for row in found if row["is_of_this_answer"] and row["draw"]]
    labels = weighed(drawn)
    corrected = [row | _correction(row, labels.get(tuple(row[name] for name in names), [])) for row in rows]
    in_window = [row for row in found if row["is_in_window"]]
    return corrected, list(_notes(corrected, in_window))


def _are_there_labels(store: Store) -> bool:
    """Whether it is worth while to look for their answers."""
    return bool(store.rows("SELECT 1 FROM evaluations WHERE name = 'groundspan.label' LIMIT 1"))


def weighed(drawn: Sequence[Drawn]) -> dict[_Group, list[Label]]:
    """The labels in the window, by the report's groups, each with the number of answers that it stands for. Pure.

    Of a cell of a draw, so many answers were labelled as there are labels of it, whoever was passed over; an answer
    could have been taken by each draw of its time.
    """
    labelled = Counter((label.draw, label.draw_cell) for label in drawn)
    draws = {(label.draw, label.draw_cell): label for label in drawn}
    groups: dict[_Group, list[Label]] = {}
    for label in drawn:
        if label.is_in_window:
            weight = 1 / min(1.0, sum(_chances(label, draws, labelled)))
            groups.setdefault(label.group, []).append(Label(label.cell, weight, label.is_ungrounded))
    return groups


def _chances(label: Drawn, draws: Mapping[_Draw, Drawn], labelled: Mapping[_Draw, int]) -> Iterable[float]:
    """Of each draw of the same judge, the chance that it had to take the answer of *label* and have it labelled."""
    for key, other in draws.items():
        is_own = key == (label.draw, label.draw_cell)
        is_alike = other.draw_judge == label.draw_judge and other.draw_cell == label.draw_cell
        if is_own or (is_alike and other.draw_since <= label.at < other.draw_until):
            yield labelled[key] / max(other.draw_cell_answers, labelled[key])


def _drawn(row: Row, names: Iterable[str]) -> Drawn:
    return Drawn(
        group=tuple(row[name] for name in names),
        at=cast(datetime, row["at"]),
        cell=cast(int, row["cell"]),
        is_in_window=bool(row["is_in_window"]),
        is_ungrounded=bool(row["is_ungrounded"]),
        draw=str(row["draw"]),
        draw_cell=cast(int, row["draw_cell"]),
        draw_cell_answers=cast(int, row["cell_answers"]),
        draw_since=cast(datetime, row["draw_since"]),
        draw_until=cast(datetime, row["draw_until"]),
        draw_judge=(str(row["draw_judge"]), str(row["draw_judge_version"])),
        is_same_judge=bool(row["is_same_judge"]),
    )


def _correction(row: Row, labels: Sequence[Label]) -> Row:
    """The corrected columns of one row of the report."""
    cells, found = _cells(row)
    estimate, by = _estimate(row, cells, found, labels)
    return {
        "corrected_answer_rate": estimate.rate if estimate else None,
        "corrected_answer_rate_low": estimate.low if estimate else None,
        "corrected_answer_rate_high": estimate.high if estimate else None,
        "labels": len(labels),
        "corrected_by": by,
        "judges": found,
    }


def _estimate(
    row: Row, cells: Mapping[int, int], found: Sequence[JudgeKey], labels: Sequence[Label]
) -> tuple[Estimate | None, str]:
    called, judged = cast(int, row["ungrounded_answers"]), cast(int, row["judged"])
    if not judged:
        return None, ""
    if len(labels) >= rates.FEWEST_LABELS:
        return rates.from_labels(cells, labels), LABELS
    if len(found) > 1:
        return None, SEVERAL
    known = judges.published(*found[0])
    if known is None:
        return None, UNKNOWN
    estimate = rates.from_error_rates(called, judged, known)
    return estimate, PUBLISHED if estimate else rates.fault(called, judged, known)


def _cells(row: Row) -> tuple[dict[int, int], list[JudgeKey]]:
    """How many judged answers each cell has, and who judged them."""
    keys, counts = cast(tuple[Sequence[tuple[str, str, int]], Sequence[float]], row["cells"])
    cells: dict[int, float] = defaultdict(float)
    for (_, _, cell), count in zip(keys, counts, strict=True):
        cells[cell] += count
    # Where only a sample is judged, each answer of it stands for several, not always a whole number of them.
    return {cell: max(1, round(size)) for cell, size in cells.items()}, sorted(
        {(judge, version) for judge, version, _ in keys}
    )


def _notes(rows: Sequence[Row], labels: Sequence[Row]) -> Iterable[str]:
    by = {str(row["corrected_by"]) for row in rows}
    if LABELS in by:
        yield (
            f"{LABELS}: corrected_answer_rate is the prediction-powered estimate from {LABELS} of a random sample, "
            "with its 95 % interval"
        )
    for name, version in sorted({key for row in rows for key in cast(list[JudgeKey], row["judges"])}):
        known = judges.published(name, version)
        if known and by - {LABELS, SEVERAL, UNKNOWN, ""}:
            yield _assumed(f"{name} {version}", known)
    yield from (sentence for word, sentence in _WHY_NOT.items() if word in by)
    yield from _notes_of_labels(labels)


def _assumed(judge: str, known: ErrorRates) -> str:
    return (
        f"{PUBLISHED}: without {rates.FEWEST_LABELS} labels this assumes of the judge {judge} that it calls "
        f"{known.sensitivity:.1%} of the ungrounded and {1 - known.specificity:.1%} of the grounded answers "
        f"ungrounded, as on the {known.answers} answers that it was measured on; on yours it may be otherwise: "
        "`groundspan label`"
    )


_WHY_NOT: Final = {
    "rates do not fit": "rates do not fit: THE PUBLISHED ERROR RATES ARE WRONG FOR THESE ANSWERS: the judge called "
    "fewer, or more, of them ungrounded than such rates allow; label some: `groundspan label`",
    "not identifiable": "not identifiable: NO RATE FOLLOWS FROM THE PUBLISHED ERROR RATES: by them the judge may be no "
    "better than chance (sensitivity + specificity is not surely above 1); label some: `groundspan label`",
    SEVERAL: "several judges: answers that more than one judge or version judged have a corrected rate from labels "
    "alone: `groundspan label`",
    UNKNOWN: "rates unknown: this judge publishes no error rates: label some answers: `groundspan label`",
}


def _notes_of_labels(labels: Sequence[Row]) -> Iterable[str]:
    """Which labels were left out, and which were drawn by another judge's calls."""
    changed = sum(not row["is_of_this_answer"] for row in labels)
    chosen = sum(bool(row["is_of_this_answer"]) and not row["draw"] for row in labels)
    others = Counter(
        f"{row['draw_judge']} {row['draw_judge_version']}"
        for row in labels
        if row["is_of_this_answer"] and row["draw"] and not row["is_same_judge"]
    )
    for judge, count in sorted(others.items()):
        yield (
            f"{count} of the labels were drawn by the calls of the judge {judge}; they count, because the same answers "
            "have a judgement of the judge that is reported here"
        )
    if changed:
        yield f"{changed} labels are left out: their answers changed since, and were judged again"
    if chosen:
        yield f"{chosen} labels are left out: nobody drew their answers by chance, so they stand for no others"

"""What callers write: windows, dimensions, formats; and that none of it becomes SQL."""

from datetime import UTC, datetime, timedelta

import pytest
import rows
from groundspan_collector import catalogue, formats, parameters, report, windows
from groundspan_collector.errors import NotFound, RejectedData
from groundspan_collector.store import Store
from rows import NOON, Trace

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("now", NOON),
        ("24h", NOON - DAY),
        ("7d", NOON - 7 * DAY),
        ("30m", NOON - timedelta(minutes=30)),
        ("90s", NOON - timedelta(seconds=90)),
        ("2w", NOON - 14 * DAY),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T12:00:00 02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31 12:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31 12:00:00.25", datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_a_time_is_iso_or_how_long_ago(text: str, at: datetime) -> None:
    """UTC where no zone is named."""
    assert windows.moment("since", text, NOON) == at


@pytest.mark.parametrize(
    "text", ["yesterdy", "24", "-1h", "1.5h", "99999999d", "999999999w", "2026-13-01", "h", "'; --"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """With the parameter's name, what was got, and what is accepted."""
    with pytest.raises(RejectedData, match="until must"):
        windows.moment("until", text, NOON)


@pytest.mark.parametrize("text", ["0001-01-01", "0001-01-01T00:00:00+23:00", "1850-01-01", "9999-12-31T23:59:59-23:00"])
def test_a_time_beyond_the_store_is_refused(text: str) -> None:
    """The engine would wrap it round."""
    with pytest.raises(RejectedData, match="since must"):
        windows.moment("since", text, NOON)


def test_a_window_is_24_hours_up_to_its_end() -> None:
    """Also where only the end is named; an end before the beginning is refused."""
    assert windows.window("", "", NOON) == windows.Window(NOON - DAY, NOON)
    assert windows.window("", "7d", NOON) == windows.Window(NOON - 8 * DAY, NOON - 7 * DAY, suspects=True)
    with pytest.raises(RejectedData, match="must be before"):
        windows.window("1h", "2h", NOON)


def test_an_unknown_dimension_names_the_nearest() -> None:
    """And all that are accepted, of that report."""
    with pytest.raises(RejectedData, match=r"no dimension 'modle'; did you mean model\? accepted: .*segment.NAME"):
        catalogue.dimensions(catalogue.question("cost"), "provider,modle")
    with pytest.raises(RejectedData, match="hallucination report has no dimension 'stage'"):
        catalogue.dimensions(catalogue.question("hallucination"), "stage")
    with pytest.raises(RejectedData, match=r"'segment\.'"):
        catalogue.dimensions(catalogue.question("cost"), "segment.")


def test_an_unknown_report_or_format_or_parameter_names_the_nearest() -> None:
    """A misspelt word is never another question."""
    with pytest.raises(NotFound, match=r"no report 'costs'; did you mean cost\?"):
        catalogue.question("costs")
    with pytest.raises(RejectedData, match=r"no format 'jsn'; did you mean json\?"):
        formats.accepted("jsn")
    with pytest.raises(RejectedData, match=r"no parameter 'sinse'; did you mean since\?"):
        parameters.only(["by", "sinse"], "since", "until", "by")


@pytest.mark.parametrize("k", ["0", "-1", "1.5", "x", "1000001", "9" * 5000, "٣"])
def test_k_is_a_whole_number(k: str) -> None:
    """From 1 on."""
    with pytest.raises(RejectedData, match="k must be a whole number from 1"):
        report.ask("retrieval", since="", until="", by="", k=k, now=NOON)


def test_dimensions_are_the_default_or_each_once() -> None:
    """Blanks and repetitions do no harm."""
    cost = catalogue.question("cost")

    assert catalogue.dimensions(cost, "") == ("provider", "model")
    assert catalogue.dimensions(cost, " model, version,model,") == ("model", "version")


EVIL = ["'] OR 1", "x') FROM spans --", "${by}", "$by", "{project:String}", "a\\'b", "\x00\n\t", "🐍", "%s", "x" * 5000]


@pytest.mark.parametrize("name", EVIL)
def test_the_name_of_a_segment_is_only_data(store: Store, project: str, name: str) -> None:
    """Whatever it is, it is looked up among the segments and found there."""
    trace = Trace(project, "aa" * 16, dimensions={"segments": {name: "found"}, "provider": "acme", "model": "m"})
    rows.insert(store, trace.span("a1", stage="generate").span("b1", stage="retrieve").answer(supported_claims=1))
    by = f"segment.{name}"

    for question in ("cost", "hallucination", "retrieval", "latency"):
        # Not through `by` as text, which splits at commas and drops blanks at the ends.
        asked = report.Asked(catalogue.question(question), windows.window("", "", NOON + DAY / 2), (by,), 0)
        assert {row[by] for row in report.run(store, asked, project=project).rows} == {"found"}


@pytest.mark.parametrize("by", ["1", "version--", "version AS x", "version;DROP TABLE spans", "sleep(3)", "by_0", "*"])
def test_sql_is_no_dimension(by: str) -> None:
    """Only names on the list pass."""
    with pytest.raises(RejectedData):
        catalogue.dimensions(catalogue.question("cost"), by)


@pytest.mark.parametrize("question", ["cost", "hallucination", "retrieval", "latency"])
def test_every_dimension_can_be_asked(store: Store, project: str, question: str) -> None:
    """All of them, over rows that have them, as many at once as are taken."""
    trace = Trace(project, "ab" * 16, dimensions={"provider": "acme", "model": "m", "version": "v1"})
    rows.insert(store, trace.span("a1", stage="generate").span("b1", "a1", stage="retrieve").answer())
    asked = catalogue.question(question)
    names = [*asked.dimensions, "segment.region"]

    for by in (",".join(names[: catalogue.MOST_DIMENSIONS]), ",".join(names[-catalogue.MOST_DIMENSIONS :])):
        got = report.run(
            store, report.ask(question, since="", until="", by=by, k="", now=NOON + DAY / 2), project=project
        )
        assert got.rows
        assert all(tuple(row) == got.columns for row in got.rows)

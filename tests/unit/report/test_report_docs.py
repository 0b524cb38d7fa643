"""docs/reports.md cannot lie: its columns and dimensions are those of the reports, in JSON, CSV, and SQL alike."""

import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import rows
from groundspan_collector import catalogue, formats, report
from groundspan_collector.store import Store
from rows import NOON, Trace

DOCS = (Path(__file__).parents[3] / "docs" / "reports.md").read_text()


def section(title: str) -> str:
    """What the docs say beneath a heading."""
    return DOCS.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0].split("\n# ", 1)[0]


@pytest.mark.parametrize("name", list(catalogue.QUESTIONS))
def test_documented_columns_are_the_columns(store: Store, project: str, name: str) -> None:
    """In the docs, in the catalogue, in JSON and in CSV: the same names in the same order."""
    documented = tuple(re.findall(r"^\| `(\w+)` \|", section(name), re.MULTILINE))
    trace = Trace(project, "cc" * 16, dimensions={"provider": "acme", "model": "m", "version": "v1"})
    spans = trace.span("a1", stage="generate").span("b1", "a1", stage="retrieve")
    rows.insert(store, spans.answer().answer(judge="another"))
    asked = report.ask(name, since="", until="", by="", k="", now=NOON + timedelta(hours=1))

    document = report.document(report.run(store, asked, project=project))
    (from_csv, *_) = csv.reader(io.StringIO(formats.render(document, "csv", 80)))
    from_json = json.loads(formats.render(document, "json", 80))["rows"][0]

    assert catalogue.question(name).columns == documented
    assert tuple(from_csv) == tuple(from_json) == (*asked.by, *documented)


@pytest.mark.parametrize("name", list(catalogue.QUESTIONS))
def test_documented_default_dimensions_are_the_default(name: str) -> None:
    """Each section begins with them."""
    documented = re.search(r"By `([\w,]+)` unless", section(name))

    assert documented
    assert tuple(documented[1].split(",")) == catalogue.question(name).default_by


def test_every_dimension_is_documented() -> None:
    """Those of all reports, and the two that tell spans apart."""
    listed = DOCS.split("- **Dimensions**", 1)[1].split("\n- **", 1)[0]

    for question in catalogue.QUESTIONS.values():
        assert {f"`{name}`" for name in question.dimensions} <= set(re.findall(r"`[\w.]+`", listed))

"""The table of docs/scaling.md is what its own formulas give."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text(encoding="utf-8")
DAY_S, TERA = 86_400, 1e12


def figure(pattern: str) -> int:
    """The number that *pattern* finds on the page."""
    match = re.search(pattern, PAGE)
    assert match, pattern
    return int(match[1].replace(",", ""))


ROW_BYTES, DISK_BYTES = figure(r"`r` = ([\d,]+)"), figure(r"\| `b` = ([\d,]+)")
SPANS_A_COLLECTOR = figure(r"`c` = ([\d,]+)")


@pytest.mark.parametrize("spans", [10_000, 100_000, 1_000_000])
def test_row_of_the_table_is_what_the_formulas_give(spans: int) -> None:
    """Collectors, bytes a second to the servers, and on the disk for a day and a month."""
    (line,) = re.findall(rf"^\| {spans:,} \|(.*)\|$", PAGE, re.MULTILINE)
    collectors, to_servers, day, month = (float(re.sub(r",|[^\d.,].*", "", cell.strip())) for cell in line.split("|"))
    to_servers *= 1e9 if "GB/s" in line else 1e6

    assert collectors == max(1, spans / SPANS_A_COLLECTOR)
    assert to_servers == pytest.approx(spans * ROW_BYTES, rel=0.03)
    assert day * TERA == pytest.approx(spans * DISK_BYTES * DAY_S, rel=0.03)
    assert month * TERA == pytest.approx(spans * DISK_BYTES * DAY_S * 30 * 2, rel=0.03)

"""Reports as text: what people and programs read, and text that tries to be more than text."""

import csv
import io
import json
from collections.abc import Mapping

import pytest
from groundspan_collector import catalogue, escapes, formats

EVIL = "|`<b>[red]=1\x1b[31m\x9b\r\n\u202e**x**[/red]"


def latency(*rows: Mapping[str, object]) -> dict[str, object]:
    """A document of the latency report by model."""
    cells = {"spans": 1200, "errors": 0, "p50_ms": 0.25, "p95_ms": 1.5, "p99_ms": 1234.5, "share": 0.25}
    return {
        "report": "latency",
        "since": "2026-11-02T12:00:00Z",
        "until": "2026-11-03T12:00:00Z",
        "by": ["model"],
        "rows": [cells | dict(row) for row in rows],
    }


def cost(*rows: tuple[str, str | None, int]) -> dict[str, object]:
    """A document of the cost report from (model, cost_usd, unpriced_calls), each of two calls."""
    names = catalogue.question("cost").columns
    cells = dict.fromkeys(names) | {"calls": 2}
    return latency() | {
        "report": "cost",
        "rows": [cells | {"model": m, "cost_usd": usd, "unpriced_calls": n} for m, usd, n in rows],
    }


def test_a_table_reads_like_a_table() -> None:
    """Aligned, with units people read; nothing that is not there."""
    assert formats.render(latency({"model": "m-1"}, {"model": ""}), "table", 80) == (
        "latency by model, 2026-11-02T12:00:00Z to 2026-11-03T12:00:00Z\n"
        "model  spans  errors  p50_ms  p95_ms   p99_ms  share\n"
        "m-1    1,200       0   0.250    1.50  1,234.5  25.0%\n"
        "–      1,200       0   0.250    1.50  1,234.5  25.0%\n"
    )


def test_a_table_that_is_too_wide_stands_on_its_side() -> None:
    """In blocks that fit; no name and no cell is lost."""
    wide = latency(*({"model": f"model-{i}"} for i in range(5)))

    text = formats.render(wide, "table", 40)

    assert max(map(len, text.splitlines()[1:])) <= 40
    assert text.count("p99_ms") > 1
    assert all(f"model-{i}" in text for i in range(5))


def test_a_rate_stands_with_its_interval() -> None:
    """The bounds have no columns of their own where people read."""
    names = catalogue.question("retrieval").columns
    row: dict[str, object] = dict.fromkeys(names) | {"version": "v1", "hit_rate": 0.5, "hit_rate_n": 2}
    row |= {"hit_rate_low": 0.0941, "hit_rate_high": 0.9056}
    report = latency() | {"report": "retrieval", "by": ["version"], "rows": [row]}

    text = formats.render(report, "md", 80)

    assert "50.0% (9.4–90.6)" in text
    assert "hit_rate_low" not in text
    assert "hit_rate_low" in formats.render(report, "csv", 80)


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        ("1234.5", "$1,234.50"),
        ("0.25", "$0.25"),
        ("0.012346", "$0.01235"),
        ("0.000000012344", "$0.00000001234"),
        ("0", "$0"),
    ],
)
def test_money_is_read_in_dollars(usd: str, shown: str) -> None:
    """Cents, and four figures of what is less than a dollar; exactly in JSON and CSV."""
    report = cost(("m", usd, 0))

    assert f" {shown} |" in formats.render(report, "md", 80)
    assert f"total: {shown} for 2 calls" in formats.render(report, "table", 200)
    assert f",{usd}," in formats.render(report, "csv", 80)


@pytest.mark.parametrize("format", ["table", "md"])
def test_a_sum_that_is_not_all_is_shown_as_a_lower_bound(format: str) -> None:  # noqa: A002
    """Unpriced calls are never 0 dollars: neither in a row nor in the total."""
    text = formats.render(cost(("a", "1.5", 1), ("b", None, 2)), format, 200)

    assert "≥ $1.50" in text
    assert "unknown" in text
    assert "total: at least $1.50; 3 of 4 calls have no known price" in text
    assert "total: unknown; 2 of 2 calls" in formats.render(cost(("b", None, 2)), format, 200)


def test_json_is_the_document_and_stays_on_the_page() -> None:
    """It parses to what went in, and a terminal gets nothing to obey."""
    report = latency({"model": EVIL + "\U000e0041\u2028é🐍"})

    text = formats.render(report, "json", 80)

    assert json.loads(text) == report
    assert not {"\x1b", "\x9b", "\r", "\u202e", "\u2028", "\U000e0041"} & set(text)
    assert "é🐍" in text


def test_csv_is_parsed_to_the_same_columns() -> None:
    """RFC 4180; NULL is an empty cell; control characters are shown."""
    report = latency({"model": 'a "quoted", \x1b[31m one', "share": None, "p50_ms": -1.5})

    (row,) = csv.DictReader(io.StringIO(formats.render(report, "csv", 80)))

    assert tuple(row) == ("model", *catalogue.question("latency").columns)
    assert row["model"] == r'a "quoted", \x1b[31m one'
    assert (row["share"], row["p50_ms"]) == ("", "-1.5")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1"])
def test_no_cell_of_a_csv_is_a_formula(text: str) -> None:
    """Also in the header, where a segment's name stands; a negative number stays one."""
    report = latency({"model": text, f"segment.{text}": text})
    report["by"] = ["model", f"segment.{text}"]

    cells = next(iter(csv.DictReader(io.StringIO(formats.render(report, "csv", 80))))).values()

    assert all(cell.startswith("'") for cell in list(cells)[:2])
    assert ",-2.5," in formats.render(latency({"p50_ms": -2.5}), "csv", 80)
    assert ",-0.25," in formats.render(cost(("m", "-0.25", 0)), "csv", 80)


def test_markdown_holds_no_markdown_of_others() -> None:
    """Pipes, backticks, HTML, links and line breaks are what they are, also in a segment's name."""
    report = latency({"model": EVIL, f"segment.{EVIL}": "![x](http://x)"})
    report["by"] = ["model", f"segment.{EVIL}"]

    text = formats.render(report, "md", 80)

    shown = r"\|\`&lt;b&gt;\[red\]=1\\x1b\[31m\\x9b\\r\\n\\u202e\*\*x\*\*\[/red\]"
    assert text.count(shown) == 3
    assert r"\!\[x\]\(http://x\)" in text
    assert len(text.splitlines()) == 5


def test_a_table_obeys_no_markup_and_no_control_character() -> None:
    """rich's markup is text to us, and so are ANSI's sequences and emoji codes."""
    text = formats.render(latency({"model": EVIL + ":smile:"}), "table", 300)

    assert r"|`<b>[red]=1\x1b[31m\x9b\r\n\u202e**x**[/red]:smile:" in text


def test_joined_emoji_and_other_scripts_stay_as_they_are() -> None:
    """Only what is unseen or obeyed is written out."""
    assert escapes.visible("👩‍💻 می‌خواهم é 漢字") == "👩‍💻 می‌خواهم é 漢字"


def test_a_report_without_rows_says_so() -> None:
    """And keeps its header where programs read."""
    assert "nothing in this window" in formats.render(latency(), "table", 80)
    assert formats.render(latency(), "csv", 80) == "model,spans,errors,p50_ms,p95_ms,p99_ms,share\r\n"

"""A report's JSON document -> text: a table for a terminal, JSON, CSV, or markdown. Pure.

How a value reads follows from its column's name: `_rate` and `share` are fractions, `_usd` is money, `_ms` is time.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from groundspan_collector import catalogue, escapes
from groundspan_collector.errors import RejectedData
from groundspan_collector.parameters import choices

Value: TypeAlias = str | int | float | None
Document: TypeAlias = Mapping[str, object]

NOTHING: Final = "–"
_PADDING: Final = 2


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A report as a person reads it: the bounds of an interval stand beside their rate, not in columns of their own."""

    title: str
    note: str
    columns: list[str]
    rows: list[list[str]]
    dimensions: int


def render(report: Document, format: str, width: int) -> str:  # noqa: A002 - the parameter's name everywhere else
    """The JSON document of a report as text in *format*, ending in a line break; *width* is the terminal's.

    Raises RejectedData for a format that does not exist.
    """
    return accepted(format)(report, width)


def accepted(name: str) -> Callable[[Document, int], str]:
    """The renderer called *name*. Raises RejectedData, which names those that exist."""
    if name not in RENDERERS:
        raise RejectedData(f"there is no format {name!r}; {choices(name, RENDERERS)}")
    return RENDERERS[name]


def as_json(report: Document, _width: int) -> str:
    """The document itself."""
    return escapes.json_text(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def as_csv(report: Document, _width: int) -> str:
    """RFC 4180, values as in JSON, NULL as nothing; no cell is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    names = _columns(report)
    writer.writerow([escapes.spreadsheet(name) for name in names])
    for row in _rows(report):
        writer.writerow([_csv_cell(name, row.get(name)) for name in names])
    return out.getvalue()


def as_markdown(report: Document, _width: int) -> str:
    """A table of GitHub's markdown, with the title above."""
    sheet = _sheet(report, escapes.markdown)
    ruler = ["---" if i < sheet.dimensions else "---:" for i in range(len(sheet.columns))]
    lines = [f"**{sheet.title}**", "", _line(sheet.columns), _line(ruler), *map(_line, sheet.rows)]
    return "\n".join([*lines, *(["", sheet.note] if sheet.note else [])]) + "\n"


def as_table(report: Document, width: int) -> str:
    """A table for a terminal of *width* columns; turned on its side where it is too wide."""
    sheet = _sheet(report, escapes.visible)
    if not sheet.rows:
        return f"{sheet.title}\nnothing in this window\n"
    upright = [sheet.columns, *sheet.rows]
    if _needed(upright) <= width:
        tables = _table(upright, sheet.dimensions, width)
    else:
        tables = "\n".join(_table(block, 1, width) for block in _on_its_side(sheet, width))
    return f"{sheet.title}\n{tables}" + (f"{sheet.note}\n" if sheet.note else "")


RENDERERS: Final[Mapping[str, Callable[[Document, int], str]]] = {
    "table": as_table,
    "json": as_json,
    "csv": as_csv,
    "md": as_markdown,
}


def _sheet(report: Document, escape: Callable[[str], str]) -> _Sheet:
    names = _columns(report)
    shown = [name for name in names if not _is_bound(name, names)]
    by = [escape(name) for name in _by(report)]
    return _Sheet(
        title=f"{report.get('report')} by {', '.join(by)}, {report.get('since')} to {report.get('until')}",
        note="\n".join(filter(None, [_total(report), *map(escape, _notes(report))])),
        columns=[escape(name) if name in _by(report) else name for name in shown],
        rows=[[_cell(name, row, escape) for name in shown] for row in _rows(report)],
        dimensions=len(by),
    )


def _total(report: Document) -> str:
    """What all rows of a cost report sum up to, and whether that is all of it."""
    if report.get("report") != "cost" or not _rows(report):
        return ""
    calls = sum(int(row["calls"] or 0) for row in _rows(report))
    unpriced = sum(int(row["unpriced_calls"] or 0) for row in _rows(report))
    total = sum((_decimal(row["cost_usd"]) for row in _rows(report)), Decimal())
    if unpriced:
        known = f"at least {dollars(money(total))}" if unpriced < calls else "unknown"
        return f"total: {known}; {unpriced:,} of {calls:,} calls have no known price"
    return f"total: {dollars(money(total))} for {calls:,} calls"


def _is_bound(name: str, names: Sequence[str]) -> bool:
    return name.removesuffix("_low").removesuffix("_high") in set(names) - {name}


def _cell(name: str, row: Mapping[str, Value], escape: Callable[[str], str]) -> str:
    value = row.get(name)
    if name.endswith("_usd"):
        return _cost(row)
    match value:
        case None | "":
            return NOTHING
        case str():
            return escape(value)
        case int() if not _is_fraction(name):
            return f"{value:,}"
        case _ if _is_fraction(name):
            return _percent(value) + _interval(row.get(f"{name}_low"), row.get(f"{name}_high"))
        case _:
            return f"{value:,.{1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3}f}"


def _is_fraction(name: str) -> bool:
    return name == "share" or name.endswith("_rate")


def _percent(fraction: float) -> str:
    return f"{fraction:.1%}"


def _interval(low: Value, high: Value) -> str:
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        return ""
    return f" ({low * 100:.1f}–{high * 100:.1f})"


def _cost(row: Mapping[str, Value]) -> str:
    if row.get("cost_usd") is None:
        return "unknown"
    # A sum over some of the calls is a lower bound, and is shown as one.
    return ("≥ " if row.get("unpriced_calls") else "") + dollars(row["cost_usd"])


def _decimal(value: Value) -> Decimal:
    try:
        return Decimal(str(value if value is not None else 0))
    except InvalidOperation:
        raise RejectedData(f"the report holds no amount of money: {value!r}") from None


def money(amount: Decimal) -> str:
    """*amount* exactly, in plain digits: no exponent, no zeros at the end."""
    text = f"{amount:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def dollars(value: Value) -> str:
    """Dollars with cents, and four figures of what is less than a dollar."""
    amount = _decimal(value)
    if amount == 0:
        return "$0"
    if abs(amount) >= 1:
        return f"${amount:,.2f}"
    whole, _, decimals = f"{amount:.{3 - amount.adjusted()}f}".partition(".")
    return f"${whole}.{decimals[:2]}{decimals[2:].rstrip('0')}"


def _csv_cell(name: str, value: Value) -> Value:
    # A number is no formula, also where it is negative, and money is a number.
    return escapes.spreadsheet(value) if isinstance(value, str) and not name.endswith("_usd") else value


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _needed(lines: Sequence[Sequence[str]]) -> int:
    """The width of a table of *lines*."""
    return sum(max(map(cell_len, column)) + _PADDING for column in zip(*lines, strict=True)) - _PADDING


def _on_its_side(sheet: _Sheet, width: int) -> list[list[list[str]]]:
    """*sheet* with its columns as lines, in as many blocks as it takes to fit into *width*."""
    blocks: list[list[list[str]]] = []
    head = [[name] for name in sheet.columns]
    block = head
    for row in sheet.rows:
        wider = [[*line, cell] for line, cell in zip(block, row, strict=True)]
        if block is not head and _needed(wider) > width:
            blocks.append(block)
            wider = [[*line, cell] for line, cell in zip(head, row, strict=True)]
        block = wider
    return [*blocks, block]


def _table(lines: Sequence[Sequence[str]], text_columns: int, width: int) -> str:
    table = Table(box=None, pad_edge=False, padding=(0, _PADDING, 0, 0), show_header=True)
    for i, name in enumerate(lines[0]):
        table.add_column(Text(name), justify="left" if i < text_columns else "right", overflow="fold")
    for line in lines[1:]:
        table.add_row(*map(Text, line))
    out = io.StringIO()
    Console(file=out, width=max(width, 20), color_system=None, markup=False, emoji=False, highlight=False).print(table)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _by(report: Document) -> list[str]:
    by = report.get("by")
    return [str(name) for name in by] if isinstance(by, list) else []


def _notes(report: Document) -> list[str]:
    notes = report.get("notes")
    return [str(note) for note in notes] if isinstance(notes, list) else []


def _rows(report: Document) -> list[Mapping[str, Value]]:
    rows = report.get("rows")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _columns(report: Document) -> list[str]:
    return [*_by(report), *catalogue.question(str(report.get("report"))).columns]

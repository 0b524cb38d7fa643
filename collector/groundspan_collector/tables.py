"""Where a lane's rows are kept and looked up: in the engine that decoded them, or on a server.

What is staged lies in the memory of the engine in either case. To a server go the rows of a SELECT over it, as the
engine writes them; and with a question the columns of it that the question reads, as a table of the question's own: it
may be asked of any node, and leaves nothing behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.external import ExternalData

from groundspan_collector.server import inlined

# A lane's own settings spare planning; a look-up among all that is stored needs it.
_PLANNED = " SETTINGS query_plan_enable_optimizations = 1"

Parameters = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Staged:
    """What a question reads of a staged table."""

    table: str
    columns: Mapping[str, str]
    """Name -> type."""


class Tables(Protocol):
    """The tables of the store, as a lane sees them."""

    @property
    def shared(self) -> bool:
        """Whether others write to them at the same time, whom no lock of this process holds."""

    def write(self, table: str, columns: Sequence[str], select: str, parameters: Parameters | None = None) -> None:
        """Add the rows of *select*, which reads staged tables alone and names its columns like the table's."""

    def write_compared(
        self, table: str, columns: Sequence[str], select: str, staged: Staged, parameters: Parameters
    ) -> None:
        """Add the rows of *select*, which reads *staged* and stored tables."""

    def rows(self, sql: str, staged: Staged, parameters: Parameters) -> list[dict[str, Any]]:
        """The rows of a query that reads *staged* and stored tables."""

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add *rows*."""


class EngineTables:
    """Tables of the engine that decodes."""

    shared = False

    def __init__(self, client: Client) -> None:
        """*client* is the lane's own."""
        self._client = client

    def write(self, table: str, columns: Sequence[str], select: str, parameters: Parameters | None = None) -> None:
        """See Tables."""
        self._client.command(f"INSERT INTO {table} ({', '.join(columns)}) {select}", parameters=dict(parameters or {}))

    def write_compared(
        self, table: str, columns: Sequence[str], select: str, staged: Staged, parameters: Parameters
    ) -> None:
        """See Tables."""
        del staged  # it is there
        self.write(table, columns, select + _PLANNED, parameters)

    def rows(self, sql: str, staged: Staged, parameters: Parameters) -> list[dict[str, Any]]:
        """See Tables."""
        del staged  # it is there
        result = self._client.query(sql + _PLANNED, parameters=dict(parameters))
        return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """See Tables."""
        self._client.insert(table, rows, column_names=list(columns))


class ServerTables:
    """Tables of a server."""

    shared = True

    def __init__(self, engine: Client, server: Client) -> None:
        """*engine* is the lane's own client of the engine that decodes."""
        self._engine = engine
        self._server = server

    def write(self, table: str, columns: Sequence[str], select: str, parameters: Parameters | None = None) -> None:
        """See Tables."""
        rows = self._engine.raw_query(select, parameters=dict(parameters or {}), fmt="Native")
        if rows:
            self._server.raw_insert(table, column_names=list(columns), insert_block=rows, fmt="Native")

    def write_compared(
        self, table: str, columns: Sequence[str], select: str, staged: Staged, parameters: Parameters
    ) -> None:
        """See Tables."""
        sql, bound = inlined(f"INSERT INTO {table} ({', '.join(columns)}) {select}", parameters)
        self._server.command(sql, parameters=bound, external_data=self._sent_along(staged))

    def rows(self, sql: str, staged: Staged, parameters: Parameters) -> list[dict[str, Any]]:
        """See Tables."""
        sql, bound = inlined(sql, parameters)
        result = self._server.query(sql, parameters=bound, external_data=self._sent_along(staged))
        return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """See Tables."""
        self._server.insert(table, rows, column_names=list(columns))

    def _sent_along(self, staged: Staged) -> ExternalData:
        select = f"SELECT DISTINCT {', '.join(staged.columns)} FROM {staged.table}"
        return ExternalData(
            file_name=staged.table,
            data=self._engine.raw_query(select, fmt="Native"),
            fmt="Native",
            structure=[f"{name} {kind}" for name, kind in staged.columns.items()],
        )

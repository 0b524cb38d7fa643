"""Bring a store to the schema of this version: the files of this folder that it has not seen, in order."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

from groundspan_collector.errors import ConfigError
from groundspan_collector.schema.layout import Layout

_FILE_NAME = re.compile(r"(\d{3})_(\w+)\.sql")

APPLIED = """
CREATE TABLE IF NOT EXISTS schema_migrations
(number UInt32, name String, checksum String, applied_at DateTime64(9, 'UTC') DEFAULT now64(9))
ENGINE = ReplacingMergeTree ORDER BY number
"""


class Database(Protocol):
    """What a migration needs of a store."""

    @property
    def layout(self) -> Layout:
        """How its tables lie."""

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        """Run one statement that gives no rows."""

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, object]]:
        """The rows of one query."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One statement of the schema."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Tells whether the statement, as it is written for one server, is the one that was run."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def shipped() -> list[Migration]:
    """The migrations of this version, by number."""
    named = ((_FILE_NAME.fullmatch(file.name), file) for file in files(__package__).iterdir())
    found = [Migration(int(match[1]), match[2], file.read_text()) for match, file in named if match]
    return sorted(found, key=lambda migration: migration.number)


def pending(shipped: Sequence[Migration], applied: Mapping[int, str]) -> list[Migration]:
    """Those of *shipped* that are not among *applied* (number -> checksum).

    Raises ConfigError where the store is newer than this version, or was made by other statements.
    """
    known = {migration.number for migration in shipped}
    if newer := sorted(set(applied) - known):
        raise ConfigError(
            f"the store has schema {newer[-1]}, this version of Groundspan knows {max(known)}: "
            "start the newer version, or another --data-dir"
        )
    for migration in shipped:
        if applied.get(migration.number, migration.checksum) != migration.checksum:
            raise ConfigError(
                f"the store was made with another {migration.number:03}_{migration.name}.sql than this version's: "
                "start the version that made it, or another --data-dir"
            )
    return [migration for migration in shipped if migration.number not in applied]


def migrate(database: Database) -> None:
    """Run what is pending.

    Each statement is idempotent: a crash between two is made good by the next start, and of several collectors that
    start at once on one server each may run them all.
    """
    _run(database, APPLIED)
    rows = database.rows("SELECT number, checksum FROM schema_migrations FINAL")
    applied = {int(str(row["number"])): str(row["checksum"]) for row in rows}
    for migration in pending(shipped(), applied):
        _run(database, migration.sql)
        database.execute(
            "INSERT INTO schema_migrations (number, name, checksum) "
            "VALUES ({number:UInt32}, {name:String}, {checksum:String})",
            {"number": migration.number, "name": migration.name, "checksum": migration.checksum},
        )


def _run(database: Database, sql: str) -> None:
    for statement in database.layout.statements(sql):
        database.execute(statement)

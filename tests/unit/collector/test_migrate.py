"""Which statements a store still needs, and which stores are refused."""

import pytest
from groundspan_collector.errors import ConfigError
from groundspan_collector.schema.migrate import Migration, migrate, pending, shipped
from groundspan_collector.store import Store

EVERY_STORE = True

TABLES = "SELECT name, create_table_query FROM system.tables WHERE database = 'groundspan' ORDER BY name"
ONE, TWO = Migration(1, "one", "CREATE 1"), Migration(2, "two", "CREATE 2")


@pytest.mark.parametrize(
    ("applied", "expected"),
    [
        ({}, [ONE, TWO]),
        ({1: ONE.checksum}, [TWO]),
        ({2: TWO.checksum}, [ONE]),
        ({1: ONE.checksum, 2: TWO.checksum}, []),
    ],
)
def test_pending_is_what_was_not_applied(applied: dict[int, str], expected: list[Migration]) -> None:
    """In order, also where one was left out."""
    assert pending([ONE, TWO], applied) == expected


def test_store_is_refused_when_it_is_newer() -> None:
    """With both numbers."""
    with pytest.raises(ConfigError, match="the store has schema 3, this version of Groundspan knows 2"):
        pending([ONE, TWO], {1: ONE.checksum, 3: "later"})


def test_store_is_refused_when_a_statement_was_another() -> None:
    """A changed file would leave stores of two shapes behind one number."""
    with pytest.raises(ConfigError, match=r"another 001_one\.sql"):
        pending([ONE, TWO], {1: "another"})


def test_numbers_of_shipped_files_are_one_row() -> None:
    """None twice, none left out."""
    numbers = [migration.number for migration in shipped()]

    assert numbers == list(range(1, len(numbers) + 1))


def test_statements_may_be_run_again() -> None:
    """A crash may come between a statement and its record."""
    for migration in shipped():
        again = ("IF NOT EXISTS", "OR REPLACE", "MODIFY SETTING")
        assert any(words in migration.sql for words in again), migration.name


def test_migrating_twice_changes_nothing(store: Store) -> None:
    """Every start does it; a crash between a statement and its record is made good."""
    store.execute("ALTER TABLE schema_migrations DELETE WHERE number = 7 SETTINGS mutations_sync = 1")
    tables = store.rows(
        "SELECT name, create_table_query FROM system.tables WHERE database = 'groundspan' ORDER BY name"
    )

    migrate(store)
    migrate(store)

    assert tables == store.rows(TABLES)
    assert store.rows("SELECT count() AS n FROM schema_migrations FINAL") == [{"n": len(shipped())}]

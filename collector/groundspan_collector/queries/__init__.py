"""The SQL that reports, dashboards and loops share, a file each."""

from functools import cache
from importlib.resources import files


@cache
def sql(name: str) -> str:
    """The text of the query *name*."""
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")

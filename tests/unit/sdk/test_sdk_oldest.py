"""The oldest versions that are named to users are those that the SDK's tests run with: make compat-clients."""

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
ROW = re.compile(r"^\| \[([^\]]+)\]\(#.*\| ([\d.]+) \|$", re.MULTILINE)
PIN = re.compile(r"^([a-z-]+)==([\d.]+)$", re.MULTILINE)
AT_LEAST = re.compile(r"([a-z-]+)>=([\d.]+)")


def _text(file: str) -> str:
    return (REPOSITORY / file).read_text(encoding="utf-8")


def _pins() -> dict[str, str]:
    return dict(PIN.findall(_text("tests/oldest/requirements.txt")))


def _pinned(library: str) -> str:
    """What a library is pinned to; LangChain's package is langchain-core."""
    name = library.lower().replace("-", "")
    return next((version for package, version in _pins().items() if package.replace("-", "").startswith(name)), "")


def _is_same(pinned: str, named: str) -> bool:
    """1.40 is 1.40.0."""
    return pinned in (named, f"{named}.0")


def test_page_names_the_versions_that_are_tested() -> None:
    """Each row of the page's table of libraries."""
    page = _text("docs/integrations.md")
    table = page[page.index("| from version |") :].partition("\n\n")[0]
    named = dict(ROW.findall(table))

    assert len(named) == len(table.splitlines()) - 2 > 0
    assert {library for library, version in named.items() if not _is_same(_pinned(library), version)} == set()


def test_package_asks_for_the_opentelemetry_that_is_tested() -> None:
    """What pip may choose, and what the page says."""
    wanted = dict(AT_LEAST.findall(" ".join(tomllib.loads(_text("pyproject.toml"))["project"]["dependencies"])))
    pins = _pins()

    assert len(wanted) == 3
    assert all(_is_same(pins[name], version) for name, version in wanted.items())
    assert all(f"beside OpenTelemetry {version}:" in _text("docs/integrations.md") for version in wanted.values())

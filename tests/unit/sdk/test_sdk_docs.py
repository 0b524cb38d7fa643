"""The SDK's pages: their examples run, and the table of settings is the settings."""

import re
from pathlib import Path

import pytest
from groundspan import attributes as keys
from groundspan.settings import VARIABLES, Settings
from sdk_support import attributes, strict_spans

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("sdk", "privacy", "streams", "hops")
PAGE = (DOCS / "sdk.md").read_text(encoding="utf-8")


def _examples(page: str) -> str:
    """Give the code of a page; calls of init() are left out, for they would send."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))
    return re.sub(r"^gs\.init\(.*\)$", "", code, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_examples_run_in_the_order_of_the_page(page: str) -> None:
    """A reader can paste the first page from top to bottom, and then any other."""
    names: dict[str, object] = {}

    with strict_spans() as spans:
        exec("import groundspan as gs\n" + _examples("sdk"), names)
        assert {str(attributes(span)[keys.STAGE]) for span in spans} == {"embed", "retrieve", "generate", "pipeline"}
        if page != "sdk":
            exec(_examples(page), names)


def test_table_of_settings_is_the_settings() -> None:
    """Every setting, its variables in their order, and its default."""
    listed = {name: (variables, default) for name, variables, default in _rows()}
    defaults = Settings()

    assert list(listed) == list(VARIABLES)
    for name, (variables, default) in listed.items():
        assert re.findall(r"`([A-Z_]{6,})`", variables) == list(VARIABLES[name])
        assert default == str(getattr(defaults, name) if getattr(defaults, name) is not None else "–")


def _rows() -> list[tuple[str, str, str]]:
    section = PAGE.partition("\n## Settings\n")[2]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", section, flags=re.MULTILINE)
    return [(name, variables, default.strip("`")) for name, variables, default in rows]

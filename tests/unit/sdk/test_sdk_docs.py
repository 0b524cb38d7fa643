"""The SDK's page: its examples run, and its table of settings is the settings."""

import re
from pathlib import Path

from groundspan import attributes as keys
from groundspan.settings import VARIABLES, Settings
from sdk_support import attributes, strict_spans

PAGE = (Path(__file__).parents[3] / "docs" / "sdk.md").read_text(encoding="utf-8")


def _example(heading: str) -> str:
    """Give the code below a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return "\n".join(re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL))


def test_examples_run_in_the_order_of_the_page() -> None:
    """A reader can paste the page from top to bottom; only calls of init() are left out, for they would send."""
    names: dict[str, object] = {}
    exec("import groundspan as gs", names)
    headings = re.findall(r"^## (.*)$", PAGE, flags=re.MULTILINE)

    with strict_spans() as spans:
        for heading in headings:
            if heading not in {"Start", "Redact"}:
                exec(_example(heading), names)

    assert {str(attributes(span)[keys.STAGE]) for span in spans} == {"embed", "retrieve", "generate", "pipeline"}


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

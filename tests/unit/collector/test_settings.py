"""What the environment says, and what it may not say."""

from pathlib import Path

import pytest
from groundspan_collector.errors import ConfigError
from groundspan_collector.settings import Settings


def _load(**environ: str) -> Settings:
    return Settings.load(environ, data_dir=Path("data"), host="127.0.0.1", port=0, judge="lexical")


@pytest.mark.parametrize(
    ("environ", "expected"), [({}, True), ({"GROUNDSPAN_FSYNC": "1"}, True), ({"GROUNDSPAN_FSYNC": "0"}, False)]
)
def test_rows_are_durable_unless_it_is_switched_off(environ: dict[str, str], expected: bool) -> None:
    """Only an explicit 0 gives it up."""
    assert _load(**environ).fsync is expected


@pytest.mark.parametrize("value", ["", "no", "false", "2"])
def test_start_is_refused_when_fsync_is_neither_on_nor_off(value: str) -> None:
    """With the name, what is accepted and what was got."""
    with pytest.raises(ConfigError, match=f"GROUNDSPAN_FSYNC must be 1, or 0 .*{value!r}"):
        _load(GROUNDSPAN_FSYNC=value)

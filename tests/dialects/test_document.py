"""docs/dialects.md is what the table says today."""

from pathlib import Path

import document
from groundspan_collector.store import Store

PAGE = Path(__file__).parents[2] / "docs" / "dialects.md"


def test_page_is_current(store: Store) -> None:
    """If this fails: python tests/dialects/document.py > docs/dialects.md"""
    assert document.page(store) == PAGE.read_text(encoding="utf-8")

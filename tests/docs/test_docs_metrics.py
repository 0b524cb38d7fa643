"""What /metrics shows stands in the documentation, and nothing else does."""

import re
from pathlib import Path

from groundspan_collector import metrics

PAGE = Path(__file__).parents[2] / "docs" / "collector.md"
SHOWN_LIKE_SPANS = ("groundspan_log_records_", "groundspan_metric_points_")


def test_every_metric_is_documented_and_every_documented_one_is_there() -> None:
    """By the name under which it is scraped."""
    served = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in metrics.REGISTRY.collect()
        if not family.name.startswith(SHOWN_LIKE_SPANS)
    }
    documented = set(re.findall(r"`(groundspan_[a-z_]+)(?:\{\w+\})?`", PAGE.read_text(encoding="utf-8")))

    assert documented - {"groundspan_log_records_rejected_total"} == served

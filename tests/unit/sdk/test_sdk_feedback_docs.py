"""The feedback page: its examples run."""

import re
from pathlib import Path

import groundspan as gs
from groundspan import _guard
from sdk_support import provider_put_back, stub_collector

PAGE = (Path(__file__).parents[3] / "docs" / "feedback.md").read_text(encoding="utf-8")


def test_examples_run_in_the_order_of_the_page() -> None:
    """And say what the page says that they say."""
    names: dict[str, object] = {}
    with provider_put_back(), stub_collector() as collector, _guard.reraising():
        gs.init("docs", endpoint=collector.endpoint)
        for example in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL):
            exec(example, names)
        assert gs.shutdown(10.0)

    said = [pair.value.string_value for record in collector.records() for pair in record.attributes]
    assert {"length", "feedback", "relevant_ids", "That helped."} <= set(said)

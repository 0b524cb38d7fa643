"""Which answers are judged where not all are."""

import pytest
from groundspan_collector.errors import ConfigError
from groundspan_collector.sampling import Rule, is_chosen, parse_rules, ratio_of

ROW = {"project": "p", "service": "search", "version": "", "environment": "production", "provider": "", "model": "m"}


@pytest.mark.parametrize(
    ("rules", "ratio"),
    [
        ("", 1.0),
        ("0.25", 0.25),
        ("environment=production:0.1,1", 0.1),
        ("environment=test:0.1,0.5", 0.5),
        ("environment=test:0.1", 1.0),
        ("segment.tier=free:0,service=search:0.2", 0.0),
        ("segment.tier=paid:0,service=search:0.2", 0.2),
    ],
)
def test_first_rule_that_fits_counts(rules: str, ratio: float) -> None:
    """Without one, everything is judged."""
    assert ratio_of(parse_rules(rules), ROW | {"segments": {"tier": "free"}}) == ratio


def test_rule_may_have_a_colon_in_its_value() -> None:
    """Models have them."""
    assert parse_rules("model=llama3:8b:0.5") == (Rule(0.5, "model", "llama3:8b"),)


@pytest.mark.parametrize(
    "text", ["2", "-1", "half", "colour=red:0.1", "environment:0.1", "nan", "0.1,", "segment.=a:1"]
)
def test_rules_are_refused_with_what_is_accepted(text: str) -> None:
    """With an example."""
    with pytest.raises(ConfigError, match=r"like 0\.1, or like environment=production:0.1"):
        parse_rules(text)


def test_share_of_traces_is_what_was_asked_for() -> None:
    """And one that is in a small share is in every larger one."""
    ids = [f"{number:032x}" for number in range(4_000)]
    tenth, half = ({each for each in ids if is_chosen(each, ratio)} for ratio in (0.1, 0.5))

    assert 320 < len(tenth) < 480
    assert 1_900 < len(half) < 2_100
    assert tenth <= half
    assert not any(is_chosen(each, 0.0) for each in ids)
    assert all(is_chosen(each, 1.0) for each in ids)

"""A claim about a record is laid beside the field that it is about."""

import pytest
from groundspan_collector.judgement import judge_answer
from groundspan_collector.judges import CONTRADICTED, SUPPORTED, load

CAFES = [
    (
        '{"name": "Blue Cafe", "stars": 4.5, "attributes": {"WiFi": "no", "OutdoorSeating": true, "Alcohol": "none"}, '
        '"hours": {"Monday": "8:0-21:0", "Sunday": null}, "cache_enabled": false}'
    ),
    (
        "{'name': 'Red Cafe', 'stars': 3.0, 'attributes': {'WiFi': u'free', 'OutdoorSeating': False}, "
        "'hours': {'Monday': '9:0-17:0'}}"
    ),
]


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("Blue Cafe offers free wifi.", CONTRADICTED),
        ("Blue Cafe has no wifi.", SUPPORTED),
        ("Red Cafe offers free wifi.", SUPPORTED),
        ("Blue Cafe has outdoor seating.", SUPPORTED),
        ("Red Cafe has outdoor seating.", CONTRADICTED),
        ("Blue Cafe is open until 9 pm on Monday.", SUPPORTED),
        ("Red Cafe is open until 9 pm on Monday.", CONTRADICTED),
        ("Blue Cafe is closed on Monday.", CONTRADICTED),
        ("Blue Cafe is closed on Sunday.", SUPPORTED),
        ("Blue Cafe has 4.5 stars.", SUPPORTED),
        ("Blue Cafe has 3 stars.", CONTRADICTED),
        ("The cache is disabled for Blue Cafe.", SUPPORTED),
        ("The cache is enabled for Blue Cafe.", CONTRADICTED),
    ],
)
def test_a_field_decides_when_a_claim_is_about_it(claim: str, expected: str) -> None:
    """No, hours and numbers of one record agree or deny; those of another do not count."""
    judged = judge_answer("", CAFES, claim, load("lexical")).claims[0]

    assert judged.verdict == expected


def test_the_reason_names_both_values_when_a_field_has_another_number() -> None:
    """Who reads it sees what stands in the record."""
    judged = judge_answer("", CAFES, "Blue Cafe has 3 stars.", load("lexical")).claims[0]

    assert judged.reason.startswith('"3 stars" in the answer, "4.5" in chunk 0')

"""Judges in a row: who decides what, what it costs, and what the answer's probability is then."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from groundspan_collector import evidence, judge_names, judges
from groundspan_collector.claims import Claim
from groundspan_collector.errors import ConfigError, JudgeFailed
from groundspan_collector.judge_settings import JudgeSettings, LlmSettings
from groundspan_collector.judges import (
    CONTRADICTED,
    SUPPORTED,
    UNJUDGED,
    UNSUPPORTED,
    Case,
    ModelCall,
    PaidFailure,
    Ruling,
    Verdict,
    paid,
    worst_doubt,
)
from groundspan_collector.judges.cascade import Band, Cascade, Step

CALL = ModelCall("openai", "gpt-4o", 0, 1, 10, 1)


@dataclass
class Reading:
    """A judge whose verdicts are the numbers that the claims are; it notes which claims it saw."""

    name: str
    threshold: float = 0.5
    shift: float = 0.0
    calls: tuple[ModelCall, ...] = ()
    failure: JudgeFailed | None = None
    saw: list[list[str]] = field(default_factory=list)

    @property
    def version(self) -> str:
        """One."""
        return f"{self.name}-1"

    def judge(self, case: Case) -> Ruling:
        """Rule on *case*."""
        self.saw.append([claim.text for claim in case.claims])
        if self.failure:
            raise self.failure
        verdicts = [_verdict(float(claim.text) + self.shift) for claim in case.claims]
        return Ruling(verdicts, worst_doubt(verdicts), self.calls)


def _verdict(support: float) -> Verdict:
    if support < 0:
        return Verdict(UNJUDGED, 0.0, None, "no word")
    return Verdict(SUPPORTED if support >= 0.5 else UNSUPPORTED, support, None, f"{support:g}")


def _case(*claims: str) -> Case:
    return Case("", evidence.read(["text"]), "", tuple(Claim(text, 0, len(text)) for text in claims))


def _row(*parts: tuple[Reading, Band | None]) -> tuple[Cascade, Counter[str]]:
    decided: Counter[str] = Counter()

    def count(name: str, claims: int) -> None:
        decided[name] += claims

    return Cascade(tuple(Step(judge, band) for judge, band in parts), count), decided


def test_only_what_a_cheaper_judge_is_not_certain_of_reaches_the_next() -> None:
    """From the lower bound up to, not including, the upper one; what has no verdict is passed on."""
    cheap, dear = Reading("cheap"), Reading("dear", shift=0.01)
    row, decided = _row((cheap, Band(0.1, 0.9)), (dear, None))

    ruling = row.judge(_case("0.9", "0.5", "0.09", "0.1", "0.95", "0.89"))

    assert dear.saw == [["0.5", "0.1", "0.89"]]
    assert [verdict.reason for verdict in ruling.verdicts] == ["0.9", "0.51", "0.09", "0.11", "0.95", "0.9"]
    assert decided == {"cheap": 3, "dear": 3}


def test_a_claim_without_a_verdict_is_passed_on_and_stays_without_one_in_the_end() -> None:
    """The last judge may have none either."""
    row, _ = _row((Reading("cheap"), Band(0.1, 0.9)), (Reading("dear"), None))

    assert [verdict.word for verdict in row.judge(_case("-1", "0.95")).verdicts] == [UNJUDGED, SUPPORTED]


def test_the_next_judge_is_not_asked_when_nothing_is_left() -> None:
    """Nothing is paid for."""
    cheap, dear = Reading("cheap"), Reading("dear", calls=(CALL,))
    row, decided = _row((cheap, Band(0.1, 0.9)), (dear, None))

    ruling = row.judge(_case("0.95", "0.99"))

    assert (dear.saw, ruling.calls) == ([], [])
    assert ruling.ungrounded_probability == pytest.approx(0.05)
    assert decided == {"cheap": 2}


def test_a_band_from_0_lets_a_judge_only_support() -> None:
    """However little support it sees."""
    cheap, dear = Reading("cheap"), Reading("dear")
    row, _ = _row((cheap, Band(0.0, 0.9)), (dear, None))

    row.judge(_case("0.0", "0.95"))

    assert dear.saw == [["0.0"]]


@pytest.mark.parametrize(
    ("claims", "probability"),
    [(("0.95", "0.7"), 0.3), (("0.05", "0.7"), 0.95), (("0.05", "0.2"), 0.95), (("0.92", "0.93"), 0.08)],
)
def test_the_probability_is_that_of_the_last_judge_or_of_a_claim_decided_before(
    claims: tuple[str, ...], probability: float
) -> None:
    """The larger of the two."""
    row, _ = _row((Reading("cheap"), Band(0.1, 0.9)), (Reading("dear"), None))

    assert row.judge(_case(*claims)).ungrounded_probability == pytest.approx(probability)


def test_three_judges_share_the_claims() -> None:
    """Each sees what the one before left."""
    first, second, third = Reading("a"), Reading("b"), Reading("c")
    row, decided = _row((first, Band(0.0, 0.9)), (second, Band(0.3, 0.7)), (third, None))

    row.judge(_case("0.95", "0.8", "0.5", "0.2"))

    assert (second.saw, third.saw) == ([["0.8", "0.5", "0.2"]], [["0.5"]])
    assert decided == {"a": 1, "b": 2, "c": 1}


def test_what_was_paid_before_a_failure_is_told() -> None:
    """Of all judges that were asked; and who failed is said."""
    cheap = Reading("cheap", calls=(CALL,))
    dear = Reading("dear", failure=PaidFailure("no reply", [CALL, CALL]))
    row, _ = _row((cheap, Band(0.1, 0.9)), (dear, None))

    with pytest.raises(JudgeFailed, match="dear: no reply") as failure:
        row.judge(_case("0.5"))
    assert paid(failure.value) == (CALL, CALL, CALL)


def test_name_version_and_threshold_are_those_of_the_parts() -> None:
    """Another band is another version; the threshold is the last judge's."""
    parts = (Reading("a"), Band(0.0, 0.9)), (Reading("b", threshold=0.4), None)
    row, _ = _row(*parts)

    assert (row.name, row.version, row.threshold) == ("a[0,0.9]>b", "a-1[0,0.9]>b-1", 0.4)


def test_lexical_leaves_what_it_does_not_find_to_the_next_judge() -> None:
    """By its name alone, with the band that was measured."""
    row = judge_names.load(" lexical > lexical ", JudgeSettings())
    lexical = judges.load("lexical")

    assert row.name == "lexical[0,0.88]>lexical"
    assert row.version == f"{lexical.version}[0,0.88]>{lexical.version}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("oracle", "no judge is called 'oracle': accepted are lexical;.*llm:MODEL;.*entry point"),
        ("", "no judge is called ''"),
        ("lexical>", "no judge is called ''"),
        (">lexical", "no judge is called ''"),
        ("llm:", "no judge is called 'llm:'"),
        ("cross-encoder:", "no judge is called 'cross-encoder:'"),
        ("lexical:x", "no judge is called 'lexical:x'"),
        ("lexical[0.1,0.9]", r"no judge is called 'lexical\[0.1,0.9\]'"),
        ("lexical>lexical[0.1,0.9]", r"lexical\[0.1,0.9\] is the last judge"),
        ("lexical[0.9,0.1]>lexical", r"a band must be two numbers from 0 to 1, the lower first, got \[0.9,0.1\]"),
        ("lexical[0.1,1.1]>lexical", "a band must be"),
        ("lexical[0.1.2,1]>lexical", "a band must be"),
        ("llm:m>lexical", r"llm:m is not calibrated, so say .*llm:m\[0.05,0.95\]"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_what_is_accepted(name: str, words: str) -> None:
    """Before anything starts."""
    with pytest.raises(ConfigError, match=words):
        judge_names.load(name, JudgeSettings(llm=LlmSettings(url="http://127.0.0.1:1/v1")))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("GROUNDSPAN_LLM_URL", "ftp://x/v1", "GROUNDSPAN_LLM_URL must be like https://api.openai.com/v1"),
        ("GROUNDSPAN_LLM_URL", "https://user:secret@x/v1", "must be like"),
        ("GROUNDSPAN_LLM_URL", "https://x/v1?key=secret", "must be like"),
        ("GROUNDSPAN_LLM_URL", "https://x:port/v1", "is no address"),
        ("GROUNDSPAN_LLM_KEY", "se\ncret", "GROUNDSPAN_LLM_KEY must be printable ASCII"),
        ("GROUNDSPAN_LLM_TIMEOUT_S", "0", r"must be a number, 0.1 to 3600, got '0'"),
        ("GROUNDSPAN_LLM_TIMEOUT_S", "nan", "got 'nan'"),
        ("GROUNDSPAN_LLM_BUDGET_S", "much", "got 'much'"),
        ("GROUNDSPAN_LLM_TRIES", "2.5", r"must be a whole number, 1 to 10, got '2.5'"),
        ("GROUNDSPAN_LLM_CONTEXT_CHARS", "10", "1000 to 4e"),
        ("GROUNDSPAN_CROSS_ENCODER_THRESHOLD", "2", "0 to 1"),
        ("GROUNDSPAN_CROSS_ENCODER_WINDOW_CHARS", "1", "100 to"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_without_a_secret(name: str, value: str, words: str) -> None:
    """With what is accepted."""
    with pytest.raises(ConfigError, match=words) as failure:
        JudgeSettings.load({"GROUNDSPAN_LLM_URL": "https://api.openai.com/v1", name: value})
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize(
    ("url", "given", "provider"),
    [
        ("https://api.openai.com/v1", "", "openai"),
        ("https://llm.example.org/v1/", "", "llm.example.org"),
        ("http://127.0.0.1:11434/v1", "ollama", "ollama"),
    ],
)
def test_the_provider_is_whose_address_it_is(url: str, given: str, provider: str) -> None:
    """A model of a known name at an unknown place has no known price."""
    told = JudgeSettings.load({"GROUNDSPAN_LLM_URL": url, "GROUNDSPAN_LLM_PROVIDER": given}).llm

    assert told.provider == provider
    assert not told.url.endswith("/")


def test_contradicted_is_as_much_in_doubt_as_its_support_is_low() -> None:
    """And claims without a verdict are in no doubt."""
    verdicts = [Verdict(CONTRADICTED, 0.2, None, ""), Verdict(UNJUDGED, 0.0, None, ""), Verdict(SUPPORTED, 1, None, "")]

    assert worst_doubt(verdicts) == pytest.approx(0.8)
    assert worst_doubt([]) == 0.0

"""Cross-encoders of sentence-transformers as judges: tiny ones with weights set by hand, loaded from disk."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from groundspan_collector import evidence, judge_names
from groundspan_collector.claims import Claim
from groundspan_collector.errors import ConfigError, JudgeFailed
from groundspan_collector.judge_settings import CrossEncoderSettings, JudgeSettings
from groundspan_collector.judgement import Judgement, judge_answer
from groundspan_collector.judges import Judge, cross_encoder

pytestmark = pytest.mark.demo

TEXT = "The buffer holds 64 entries."
LONGEST_TOKENS = 64
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """What saves a model of some labels whose head gives always the same shares, whatever it reads."""

    def made(shares: Sequence[float], labels: Sequence[str] = (), name: str = "model", seed: int = 1) -> Path:
        import torch
        from tokenizers import Tokenizer, models, pre_tokenizers, processors
        from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

        folder = tmp_path / name
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "buffer", "holds", "64", "entries", "."]
        tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
        PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
            tokenizer_object=tokenizer,
            pad_token="[PAD]",
            unk_token="[UNK]",
            cls_token="[CLS]",
            sep_token="[SEP]",
            model_max_length=LONGEST_TOKENS,
        ).save_pretrained(folder)
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=len(words),
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=8,
            max_position_embeddings=LONGEST_TOKENS,
        )
        config.num_labels = len(shares)
        if labels:
            config.id2label = dict(enumerate(labels))
        model = BertForSequenceClassification(config)
        numbers = [math.log(s) for s in shares] if len(shares) > 1 else [math.log(shares[0] / (1 - shares[0]))]
        with torch.no_grad():
            model.classifier.weight.zero_()
            model.classifier.bias.copy_(torch.tensor(numbers))
        model.save_pretrained(folder)
        return folder

    return made


def _load(place: Path, **told: object) -> Judge:
    settings = CrossEncoderSettings(**told)  # type: ignore[arg-type]
    return judge_names.load(f"cross-encoder:{place}", JudgeSettings(cross_encoder=settings))


def _judged(place: Path, **told: object) -> Judgement:
    return judge_answer("", [TEXT], TEXT, _load(place, **told))


@pytest.mark.parametrize(
    ("labels", "shares", "verdict", "support"),
    [
        (("entailment", "neutral", "contradiction"), (0.7, 0.2, 0.1), "supported", 0.7),
        (("CONTRADICTION", "ENTAILMENT", "NEUTRAL"), (0.7, 0.2, 0.1), "contradicted", 0.2),
        (("Neutral", "Contradiction", "Entailment"), (0.7, 0.1, 0.2), "unsupported", 0.2),
        (("entailment", "not_entailment"), (0.4, 0.6), "unsupported", 0.4),
        (("NOT-ENTAILMENT", "ENTAILMENT"), (0.4, 0.6), "supported", 0.6),
        (("SUPPORTS", "REFUTES", "NOT ENOUGH INFO, neutral"), (0.1, 0.6, 0.3), "contradicted", 0.1),
    ],
)
def test_a_head_is_read_by_its_labels(
    make: Make, labels: tuple[str, ...], shares: tuple[float, ...], verdict: str, support: float
) -> None:
    """In any case and order."""
    (claim,) = _judged(make(shares, labels)).claims

    assert claim.verdict == verdict
    assert claim.support == pytest.approx(support, abs=1e-5)


@pytest.mark.parametrize(("score", "verdict"), [(0.8, "supported"), (0.3, "unsupported")])
def test_a_single_score_is_the_support(make: Make, score: float, verdict: str) -> None:
    """As a probability, and never contradicted."""
    judgement = _judged(make([score]))

    assert judgement.claims[0].verdict == verdict
    assert judgement.ungrounded_probability == pytest.approx(1 - score, abs=1e-5)
    assert judgement.ungrounded is (verdict == "unsupported")


def test_the_threshold_decides_claims_and_answers_alike(make: Make) -> None:
    """An answer is ungrounded if a claim of it is not supported."""
    strict = _judged(make([0.8]), threshold=0.9)
    lenient = _judged(make([0.8]), threshold=0.3)

    assert (strict.claims[0].verdict, strict.ungrounded) == ("unsupported", True)
    assert (lenient.claims[0].verdict, lenient.ungrounded) == ("supported", False)


def test_labels_that_mean_nothing_are_refused_unless_a_setting_says_what_they_mean(make: Make) -> None:
    """LABEL_0 may be anything."""
    place = make((0.7, 0.2, 0.1))

    with pytest.raises(ConfigError, match=r"LABEL_0, LABEL_1, LABEL_2.*GROUNDSPAN_CROSS_ENCODER_LABELS"):
        _load(place)
    told = _judged(place, labels=("contradiction", "neutral", "entailment"))

    assert told.claims[0].verdict == "contradicted"


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (("entailment", "neutral"), "names 2 outputs .*the model has 3"),
        (("entailment", "entailment", "neutral"), "does not say what each means"),
        (("neutral", "neutral", "contradiction"), "does not say what each means"),
        (("positive", "negative", "neutral"), "does not say what each means"),
    ],
)
def test_labels_that_do_not_fit_are_refused(make: Make, labels: tuple[str, ...], words: str) -> None:
    """At the start."""
    with pytest.raises(ConfigError, match=words):
        _load(make((0.7, 0.2, 0.1)), labels=labels)


def test_many_claims_and_long_contexts_are_read_in_batches(make: Make) -> None:
    """More pairs than a batch, more text than the model reads; each claim gets its verdict and evidence."""
    answer = " ".join(f"Item {number} costs {number} dollars." for number in range(70))
    context = [answer, "Nothing else is said here. " * 500]

    judgement = judge_answer("", context, answer, _load(make([0.8])))

    assert [claim.verdict for claim in judgement.claims] == ["supported"] * 70
    assert all(
        claim.evidence and context[0][claim.evidence.start : claim.evidence.end] == claim.claim.text
        for claim in judgement.claims
    )


@pytest.mark.parametrize(
    "text", ["Der Puffer fasst 64 Einträge.", "缓冲区可容纳64个条目。", "يحتوي المخزن على 64 عنصرا.", "🛢️ holds \x00 64"]
)
def test_texts_of_any_language_are_read(make: Make, text: str) -> None:
    """Also where claim and context share no word."""
    judgement = judge_answer("", ["The buffer holds 65 entries. " * 100], text, _load(make([0.8])))

    assert judgement.status == "judged"


def test_an_empty_context_is_not_read(make: Make) -> None:
    """Nothing was retrieved."""
    assert judge_answer("", [" "], TEXT, _load(make([0.8]))).status == "no_context"


def test_the_version_is_another_for_other_weights_labels_and_settings(make: Make) -> None:
    """And the same for the same."""
    labels = ("entailment", "neutral", "contradiction")
    places = [make((0.7, 0.2, 0.1), labels, name) for name in ("one", "again")]
    one, again = (_load(place).version for place in places)
    others = {
        _load(make((0.7, 0.2, 0.1), labels, "weights", seed=2)).version,
        _load(make((0.7, 0.1, 0.2), labels, "head")).version,
        _load(make((0.7, 0.2, 0.1), (labels[0], labels[2], labels[1]), "labels")).version,
        _load(places[0], threshold=0.6).version,
        _load(places[0], window_chars=500).version,
    }

    assert one == again
    assert len(others | {one}) == 6


@pytest.mark.parametrize("what", ["nothing", "an empty folder"])
def test_a_model_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """With its name."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    place = tmp_path / "folder"
    if what != "nothing":
        place.mkdir()

    with pytest.raises(ConfigError, match=f"the cross-encoder {place} cannot be loaded"):
        _load(place)


def test_a_model_that_breaks_is_a_failure_to_judge() -> None:
    """With the reason."""

    def odds(_: object) -> list[cross_encoder.Odds]:
        raise RuntimeError("out of memory")

    judge = cross_encoder.CrossEncoder("cross-encoder:m", "1", 0.5, 1200, odds)

    with pytest.raises(JudgeFailed, match="cross-encoder:m failed: out of memory"):
        judge_answer("", [TEXT], TEXT, judge)


def test_the_text_that_is_read_is_the_context_or_its_telling_part() -> None:
    """Whole where it fits, the window where it does not, the beginning where no word is shared."""
    claim = Claim(TEXT, 0, len(TEXT))
    long = evidence.read(["The weather was fine. " * 100, f"Something else. {TEXT}"])

    assert cross_encoder.premise(evidence.read([TEXT, " ", "Two."]), claim, 100) == f"{TEXT}\nTwo."
    assert TEXT in cross_encoder.premise(long, claim, 100)
    assert cross_encoder.premise(long, Claim("Вода.", 0, 5), 40) == ("The weather was fine. " * 2)[:40]

"""Any CrossEncoder of sentence-transformers as a judge: it reads a claim beside a window of the context.

A head of several outputs is an NLI head, whose labels say which is which; a head of one output is a score of how well
the text supports the claim. Neither is calibrated for claims of answers.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groundspan_collector.claims import Claim
from groundspan_collector.errors import ConfigError, JudgeFailed
from groundspan_collector.evidence import Evidence, Index, passages
from groundspan_collector.evidence_window import window
from groundspan_collector.judges import CONTRADICTED, SUPPORTED, UNSUPPORTED, Case, Ruling, Verdict, worst_doubt
from groundspan_collector.wording import STOP, words

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder as Model

RULES: Final = 1
"""Raised when the same model would rule otherwise: part of the judge's version."""
BATCH: Final = 32
MEANINGS: Final = (
    ("unsupported", re.compile(r"(?i)not[\W_]*entail|non[\W_]*entail|neutral|unsupported|not[\W_]*supported|unverif")),
    ("contradicted", re.compile(r"(?i)contradict|refut")),
    ("supported", re.compile(r"(?i)entail|support")),
)
"""What a label means: the first that it fits."""
ACCEPTED: Final = "entailment, neutral, contradiction (or not_entailment)"

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Odds:
    """What a model says of one claim; both are probabilities, what is left is neither."""

    supported: float
    contradicted: float = 0.0


@dataclass(frozen=True, slots=True)
class CrossEncoder:
    """Reads each claim with the window of the context that tells most about it."""

    name: str
    version: str
    support_threshold: float
    window_chars: int
    odds: Callable[[Sequence[Pair]], Sequence[Odds]]

    @property
    def threshold(self) -> float:
        """An answer is ungrounded if any of its claims is."""
        return 1 - self.support_threshold

    def judge(self, case: Case) -> Ruling:
        """Rule on all claims, in batches; the answer is as doubtful as its most doubtful claim."""
        pairs = [(premise(case.context, claim, self.window_chars), claim.text) for claim in case.claims]
        try:
            odds = self.odds(pairs)
        except (RuntimeError, ValueError, LookupError, MemoryError) as error:
            raise JudgeFailed(f"{self.name} failed: {error!s:.300}") from error
        verdicts = [self._verdict(case.context, claim, one) for claim, one in zip(case.claims, odds, strict=True)]
        return Ruling(verdicts, worst_doubt(verdicts))

    def _verdict(self, index: Index, claim: Claim, odds: Odds) -> Verdict:
        at = nearest(index, claim)
        if 1 - odds.supported < self.threshold:
            return Verdict(SUPPORTED, odds.supported, at, f"the model says so at {odds.supported:.2f}")
        word = CONTRADICTED if odds.contradicted > 1 - odds.supported - odds.contradicted else UNSUPPORTED
        reason = f"the model gives it a support of {odds.supported:.2f}"
        return Verdict(word, odds.supported, at, reason)


def premise(index: Index, claim: Claim, most_chars: int) -> str:
    """The whole context where it fits; else its window for *claim*, or its beginning where they share no word."""
    whole = "\n".join(text for text in index.context if text.strip())
    if len(whole) <= most_chars:
        return whole
    return window(index, words(claim.text), most_chars).text or whole[:most_chars]


def nearest(index: Index, claim: Claim) -> Evidence | None:
    """The statement that has most of the claim's words: the model read it, and does not say where it looked."""
    stems = [word.stem for word in words(claim.text) if word.kind != STOP]
    found = passages(index, dict.fromkeys(stems), limit=1)
    return found[0].at if found else None


def meanings(id2label: Mapping[int, str], given: Sequence[str]) -> list[str]:
    """What each output means, by the *given* labels, or else by the model's own. Raises ConfigError if that is open."""
    labels = list(given) or [id2label[number] for number in sorted(id2label)]
    if len(labels) != len(id2label):
        raise ConfigError(
            f"GROUNDSPAN_CROSS_ENCODER_LABELS names {len(labels)} outputs ({', '.join(labels)}); the model has "
            f"{len(id2label)}"
        )
    found = [next((meaning for meaning, words in MEANINGS if words.search(label)), "") for label in labels]
    contradicted = found.count("contradicted")
    if "" in found or found.count("supported") != 1 or contradicted > 1 or len(set(found)) != len(found):
        raise ConfigError(
            f"the model's outputs are called {', '.join(labels)}, which does not say what each means; set "
            f"GROUNDSPAN_CROSS_ENCODER_LABELS to its labels in order, with commas between: {ACCEPTED}"
        )
    return found


def load(place: str, *, labels: Sequence[str], threshold: float, window_chars: int) -> CrossEncoder:
    """The model at *place*, a folder or a name. Raises ConfigError where it cannot be used."""
    try:
        from sentence_transformers import CrossEncoder as Model
    except ImportError as error:
        raise ConfigError(
            "a judge cross-encoder:… needs sentence-transformers: pip install 'groundspan[cross-encoder]'"
        ) from error
    try:
        model = Model(place)
    except (OSError, ValueError, RuntimeError, LookupError, TypeError) as error:
        raise ConfigError(f"the cross-encoder {place} cannot be loaded: {error!s:.300}") from error
    id2label = {int(number): str(label) for number, label in (model.config.id2label or {}).items()}
    outputs = int(model.config.num_labels)
    found = meanings(id2label, labels) if outputs > 1 else []
    rules = json.dumps([RULES, found, threshold, window_chars, model.tokenizer.model_max_length])
    digest = hashlib.sha256(rules.encode() + weights_digest(model)).hexdigest()[:8]
    odds = _nli(model, found) if found else _score(model)
    return CrossEncoder(f"cross-encoder:{place}", f"{RULES}-{digest}", threshold, window_chars, odds)


def weights_digest(model: "Model") -> bytes:
    """Differs between any two models."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.digest()


def _nli(model: "Model", found: Sequence[str]) -> Callable[[Sequence[Pair]], list[Odds]]:
    def odds(pairs: Sequence[Pair]) -> list[Odds]:
        rows = model.predict(list(pairs), batch_size=BATCH, apply_softmax=True, show_progress_bar=False)
        return [_odds(dict(zip(found, map(float, row), strict=True))) for row in rows]

    return odds


def _odds(shares: Mapping[str, float]) -> Odds:
    return Odds(_sound(shares["supported"]), _sound(shares.get("contradicted", 0.0)))


def _score(model: "Model") -> Callable[[Sequence[Pair]], list[Odds]]:
    import torch

    def odds(pairs: Sequence[Pair]) -> list[Odds]:
        # Some models are saved to give the bare number that a probability is made of.
        scores: Iterable[float] = model.predict(
            list(pairs), batch_size=BATCH, activation_fn=torch.nn.Sigmoid(), show_progress_bar=False
        )
        return [Odds(_sound(float(score))) for score in scores]

    return odds


def _sound(share: float) -> float:
    """A probability; raises ValueError for what a broken model gives."""
    if not 0 <= share <= 1:
        raise ValueError(f"a probability of {share}")
    return share

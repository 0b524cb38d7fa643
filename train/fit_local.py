"""Fit how the local judge weighs signals and readings, and measure it: ``python train/fit_local.py``.

Puts the network of build/train/local.pt into the package as int8, fits 29 numbers and two thresholds on
calibrate/ragtruth, and writes them, with their figures, to judges/local.json. Every figure is out of fold: answers to
one source document are never on both sides, thresholds included; the network has seen none of them.
"""

import gzip
import hashlib
import json
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import fit_lexical
import numpy as np
import onnx
import onnx_graph
import torch
from cross_encoder import LONGEST_TOKENS, PRETRAINED
from fit_lexical import DATA, FOLDS, INNER_FOLDS, SEED, Floats, Labelled, MadeSentence
from groundspan_collector import accuracy, claims, evidence
from groundspan_collector.accuracy import Scored
from groundspan_collector.claims import Claim
from groundspan_collector.judges import lexical, local, signals
from groundspan_collector.judges.encoder import MODEL, TOKENIZER, Encoder
from groundspan_collector.judges.local import Weighed
from groundspan_collector.judges.weights import COMBINATION_FILE, Combination, Logistic, Weights, probability
from sklearn.model_selection import StratifiedGroupKFold
from train_local import BUILD

JUDGES = fit_lexical.TARGET.parent
THREADS = 2
CLAIM_SHARE, ANSWER_SHARE = 0.1, 0.1
"""The weight of all made sentences together, where that of all labelled claims (answers) is 1."""
LAYERS = 6
CLAIM = ("unlike", "at fault", "read as ungrounded", "worst word")
ANSWER = ("most doubtful", "any of them")
UNFITTED = Logistic(0.0, (0.0,))


@dataclass(frozen=True, slots=True)
class Read:
    """An answer, or a sentence, as counted and as read; labels are True for ungrounded."""

    label: bool
    group: str
    task: str
    claims: tuple[Weighed, ...]
    claim_labels: tuple[bool, ...]

    @property
    def counted(self) -> Labelled:
        """The same for the lexical judge."""
        return Labelled(self.label, self.group, self.task, tuple(one.signals for one in self.claims), self.claim_labels)


def exported(name: str, *, int8: bool = True) -> bytes:
    """The network *name* of build/train as an ONNX model."""
    state = torch.load(BUILD / f"{name}.pt", map_location="cpu", weights_only=True)
    weights = {key: value.float().numpy() for key, value in state.items() if "position_ids" not in key}
    graph = onnx_graph.graph_of(weights, layers=LAYERS, longest_tokens=LONGEST_TOKENS, int8=int8)
    onnx.checker.check_model(graph)
    return bytes(graph.SerializeToString())


def network(name: str, *, int8: bool = True) -> Encoder:
    """The network *name*, ready to read."""
    return Encoder(exported(name, int8=int8), (PRETRAINED / "tokenizer.json").read_text(encoding="utf-8"), THREADS)


def calibration(encoder: Encoder) -> list[Read]:
    """The answers of calibrate/ragtruth."""
    with gzip.open(DATA / "calibrate" / "ragtruth.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [read(json.loads(line), encoder) for line in lines]


def read(row: dict[str, Any], encoder: Encoder) -> Read:
    """One labelled answer."""
    base = signals.ground(evidence.read(row["context"]), row["question"] or "")
    found = claims.split(row["answer"]).claims
    wrong = tuple(any(low < c.end and high > c.start for low, high in row["spans"] or ()) for c in found)
    weighed = tuple(local.weigh([(claim, base) for claim in found], encoder))
    group = row["meta"].get("source_id") or " ".join(row["context"])[:200]
    return Read(bool(row["label"]), group, row["task"], weighed, wrong)


def made_read(encoder: Encoder) -> list[Read]:
    """Every third of the made sentences, as counted and as read: reading takes longer than counting."""
    sentences = list(fit_lexical.sentences_made(random.Random(SEED)))[::3]  # noqa: S311
    return [_made(sentence, encoder) for sentence in sentences]


def _made(sentence: MadeSentence, encoder: Encoder) -> Read:
    one, wrong = sentence.one, not sentence.one.supported
    weighed = local.weigh([(Claim(one.text, 0, len(one.text)), signals.ground(sentence.context, ""))], encoder)
    return Read(wrong, sentence.group, one.kind, tuple(weighed), (wrong,))


def fit(answers: Sequence[Read], made_ones: Sequence[Read]) -> Combination:
    """All weights; thresholds are left at one half."""
    counted = fit_lexical.fit([answer.counted for answer in answers], [one.counted for one in made_ones])
    fitted = Combination(counted.unlikeness, counted.faults, UNFITTED, UNFITTED, 0.5, 0.5, "")
    rows, wrong = _claims(answers, fitted)
    made_rows, made_wrong = _claims(made_ones, fitted)
    shares = fit_lexical.weight_shares(len(rows), len(made_rows), CLAIM_SHARE)
    both = np.vstack([rows, made_rows]), np.concatenate([wrong, made_wrong])
    fitted = replace(fitted, claim=fit_lexical.logistic(*both, shares))
    stated = [answer for answer in answers if doubts(answer, fitted)]
    made_stated = [one for one in made_ones if doubts(one, fitted)]
    all_stated = [*stated, *made_stated]
    rows = np.array([local.of_answer(doubts(answer, fitted)) for answer in all_stated])
    labels = np.array([answer.label for answer in all_stated])
    shares = fit_lexical.weight_shares(len(stated), len(made_stated), ANSWER_SHARE)
    return replace(fitted, answer=fit_lexical.logistic(rows, labels, shares))


def _claims(answers: Iterable[Read], fitted: Combination) -> tuple[Floats, Floats]:
    """What the combination sees of every claim that could be read, and whether it is ungrounded."""
    both = [
        (local.seen(one, fitted), wrong)
        for answer in answers
        for one, wrong in zip(answer.claims, answer.claim_labels, strict=True)
        if one.reading
    ]
    return np.array([values for values, _ in both]), np.array([wrong for _, wrong in both])


def doubts(answer: Read, fitted: Combination) -> list[float]:
    """The log odds of each claim that states something."""
    return [local.log_odds(one, fitted) for one in answer.claims if one.signals.content]


def rank(answer: Read, fitted: Combination) -> float:
    """P(the answer is ungrounded)."""
    return local.answer_probability(doubts(answer, fitted), fitted)


Fold = tuple[Combination, Sequence[int], Sequence[int]]


def out_of_fold(answers: Sequence[Read], made_ones: Sequence[Read], folds: int) -> Iterator[Fold]:
    """(what was fitted without them, the answers it was fitted on, the answers left out), by place."""
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=SEED)
    for kept, left in splitter.split(answers, [a.label for a in answers], [a.group for a in answers]):
        yield fit([answers[place] for place in kept], made_ones), kept, left


def with_thresholds(answers: Sequence[Read], made_ones: Sequence[Read], fitted: Combination) -> Combination:
    """*fitted* with the thresholds of the highest F1, for answers and for claims.

    Where probabilities are calibrated that is half of the highest F1 (Lipton, Elkan and Naryanaswamy, 2014), which
    varies less from sample to sample than the place where it happened to be reached.
    """
    ranked: list[tuple[float, bool]] = []
    doubted: list[tuple[float, bool]] = []
    for inner, _, left in out_of_fold(answers, made_ones, INNER_FOLDS):
        for answer in (answers[place] for place in left):
            ranked.append((rank(answer, inner), answer.label))
            doubted += zip(claim_doubts(answer, inner), answer.claim_labels, strict=True)
    return replace(fitted, threshold=_half_of_f1(ranked), claim_threshold=_half_of_f1(doubted))


def _half_of_f1(scored: Sequence[tuple[float, bool]]) -> float:
    best = fit_lexical.best(scored)
    return round((accuracy.f1([Scored(label, found >= best, found) for found, label in scored]) or 0.0) / 2, 3)


def claim_doubts(answer: Read, fitted: Combination) -> list[float]:
    """P(ungrounded) of every claim."""
    return [probability(local.log_odds(one, fitted)) for one in answer.claims]


def scored(answer: Read, fitted: Combination) -> Scored:
    """What the local judge makes of *answer*."""
    found = rank(answer, fitted)
    return Scored(answer.label, found >= fitted.threshold, found, answer.task, answer.group)


def scored_lexically(answer: Read, weights: Weights) -> Scored:
    """What the lexical judge makes of it."""
    found = lexical.answer_probability((one.signals for one in answer.claims), weights)
    return Scored(answer.label, found >= weights.threshold, found, answer.task, answer.group)


def fitted_lexically(answers: Sequence[Read], made_ones: Sequence[Read]) -> Weights:
    """The lexical judge of the same data."""
    mine, made_too = ([one.counted for one in ones] for ones in (answers, made_ones))
    return fit_lexical.with_thresholds(mine, made_too, fit_lexical.fit(mine, made_too))


@dataclass(frozen=True, slots=True)
class Measured:
    """Every answer out of fold, by both judges, and every claim by the local one."""

    local: list[Scored]
    lexical: list[Scored]
    claims: list[Scored]


def measured(answers: Sequence[Read], made_ones: Sequence[Read]) -> Measured:
    """Judge each answer by what was fitted without it."""
    found = Measured([], [], [])
    for inner, kept, left in out_of_fold(answers, made_ones, FOLDS):
        mine = [answers[place] for place in kept]
        fitted = with_thresholds(mine, made_ones, inner)
        weights = fitted_lexically(mine, made_ones)
        for answer in (answers[place] for place in left):
            found.local.append(scored(answer, fitted))
            found.lexical.append(scored_lexically(answer, weights))
            for doubt, wrong in zip(claim_doubts(answer, fitted), answer.claim_labels, strict=True):
                called = doubt >= fitted.claim_threshold
                found.claims.append(Scored(wrong, called, doubt, "claims", answer.group))
    return found


def main() -> None:
    """Export, fit on everything, measure out of fold, write and print."""
    model = exported("local")
    (JUDGES / MODEL).write_bytes(model)
    (JUDGES / TOKENIZER).write_text((PRETRAINED / "tokenizer.json").read_text(encoding="utf-8"), encoding="utf-8")
    encoder = network("local")
    answers, made_ones = calibration(encoder), made_read(encoder)
    found = measured(answers, made_ones)
    fitted = with_thresholds(answers, made_ones, fit(answers, made_ones))
    rows = [*accuracy.figures(found.local), replace(accuracy.figures(found.claims)[0], task="claims")]
    record = _record(fitted, model, rows, accuracy.calibration_error(found.local))
    (JUDGES / COMBINATION_FILE).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    out = sys.stdout.write
    out(f"calibrate/ragtruth, {FOLDS} folds by source document, intervals by source document\n")
    out(accuracy.table(rows) + "\n\nlexical, fitted on the same folds\n")
    out(accuracy.table(accuracy.figures(found.lexical)) + "\n\n")
    out(f"expected calibration error: {record['calibration_error']}\n")
    out(f"thresholds: answer {fitted.threshold}, claim {fitted.claim_threshold}\n")


def _record(
    fitted: Combination, model: bytes, rows: Sequence[accuracy.Figures], calibration_error: float
) -> dict[str, object]:
    record: dict[str, object] = {
        "written_by": "train/fit_local.py",
        "network": hashlib.sha256(model).hexdigest(),
        "run": json.loads((BUILD / "local.json").read_text(encoding="utf-8")),
        "threshold": fitted.threshold,
        "claim_threshold": fitted.claim_threshold,
        "unlikeness": fit_lexical.named(fitted.unlikeness, signals.UNLIKENESS),
        "faults": fit_lexical.named(fitted.faults, signals.FAULTS),
        "claim": fit_lexical.named(fitted.claim, CLAIM),
        "answer": fit_lexical.named(fitted.answer, ANSWER),
        "calibration_error": round(calibration_error, 3),
        "out_of_fold": {row.task: fit_lexical.shown(row) for row in rows},
    }
    digest = hashlib.sha256(json.dumps(record).encode()).hexdigest()[:8]
    return record | {"digest": digest}


if __name__ == "__main__":
    main()

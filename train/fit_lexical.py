"""Fit the lexical judge's combiner, and measure it out of fold: ``python train/fit_lexical.py``.

Reads the human-labelled sets in ../shared/data, writes judges/lexical.json. 24 weights and two thresholds are
fitted on calibrate/ragtruth; for faults (one wrong number, one "not") also on sentences of the training sets
made wrong, because people label few of them. Every figure is out of fold: answers to one source document are
never on both sides, thresholds included.
"""

import gzip
import json
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from corruptions import Made, made
from groundspan_collector import accuracy, claims, evidence
from groundspan_collector.accuracy import Scored
from groundspan_collector.claims import Claim
from groundspan_collector.evidence import Index
from groundspan_collector.judges import lexical, signals
from groundspan_collector.judges.signals import FAULTS, UNLIKENESS, Signals
from groundspan_collector.judges.weights import FILE, Logistic, Weights
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
TARGET = ROOT / "collector" / "groundspan_collector" / "judges" / FILE
SEED = 7
FOLDS, INNER_FOLDS = 10, 5
MADE_FROM = ("fool_me_twice", "wice_dev", "frank", "summedits", "factcheck_gpt")
DOCUMENTS_PER_SET = 300
WHOLE_SENTENCE = re.compile(r"[A-Z][^\n|{}<>]*\.$")
FAULT_SHARE, ANSWER_SHARE = 0.3, 0.4
"""The weight of all made sentences together, where that of all labelled claims (answers) is 1."""
ANSWER = ("most unlike", "most at fault")

Floats = npt.NDArray[np.float64]
Shares = dict[str, list[float]]
"""Kind of made sentence -> the share called ungrounded, as a claim and as an answer of that one sentence."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """The claims of one answer, or one made sentence, measured; labels are True for ungrounded."""

    label: bool
    group: str
    task: str
    claims: tuple[Signals, ...]
    claim_labels: tuple[bool, ...]


def labelled() -> list[Labelled]:
    """The human-labelled answers."""
    with gzip.open(DATA / "calibrate" / "ragtruth.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [_measured(json.loads(line)) for line in lines]


def _measured(row: dict[str, Any]) -> Labelled:
    base = signals.ground(evidence.read(row["context"]), row["question"] or "")
    found = claims.split(row["answer"]).claims
    return Labelled(
        label=bool(row["label"]),
        group=row["meta"]["source_id"],
        task=row["task"],
        claims=tuple(signals.measure(claim, base) for claim in found),
        claim_labels=tuple(any(low < c.end and high > c.start for low, high in row["spans"] or ()) for c in found),
    )


@dataclass(frozen=True, slots=True)
class MadeSentence:
    """A sentence, kept or made wrong, with what it is to be judged against."""

    one: Made
    context: Index
    group: str


def sentences_made(draw: random.Random) -> Iterator[MadeSentence]:
    """Sentences of the training sets in a context of four documents, kept and made wrong."""
    documents = list(_documents())
    draw.shuffle(documents)
    for first in range(0, len(documents) - 6, 3):
        mine, far = documents[first : first + 4], [s for d in documents[first + 4 : first + 6] for s in d]
        context = evidence.read([" ".join(document) for document in mine])
        for document in mine[:2]:
            near = [sentence for other in mine if other is not document for sentence in other]
            for one in made(draw.choice(document), near, far, draw):
                yield MadeSentence(one, context, f"made {first % 50}")


def counted(sentence: MadeSentence) -> Labelled:
    """The signals of a made sentence."""
    one, wrong = sentence.one, not sentence.one.supported
    measured = signals.measure(Claim(one.text, 0, len(one.text)), signals.ground(sentence.context, ""))
    return Labelled(wrong, sentence.group, one.kind, (measured,), (wrong,))


def _documents() -> Iterator[list[str]]:
    for name in MADE_FROM:
        texts: dict[str, str] = {}
        with gzip.open(DATA / "train" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                text = " ".join(json.loads(line)["context"])[:6000]
                texts.setdefault(text[:200], text)
        cut = ([text[low:high] for low, high in claims.sentences(text)] for text in texts.values())
        whole = ([s for s in document if WHOLE_SENTENCE.match(s) and 6 <= s.count(" ") <= 35] for document in cut)
        yield from [document[:6] for document in whole if len(document) > 1][:DOCUMENTS_PER_SET]


def fit(answers: Sequence[Labelled], made_ones: Sequence[Labelled]) -> Weights:
    """All weights; thresholds are left at one half."""
    unlikeness = logistic(*_claims(answers, "unlikeness"))
    real, wrong = _claims(answers, "faults")
    made_faults, made_wrong = _claims(made_ones, "faults")
    shares = weight_shares(len(real), len(made_faults), FAULT_SHARE)
    faults = logistic(np.vstack([real, made_faults]), np.concatenate([wrong, made_wrong]), shares)
    fitted = Weights(unlikeness, faults, Logistic(0.0, (0.0, 0.0)), 0.5, 0.5)
    stated = [answer for answer in answers if answer.claims]
    both = [*stated, *made_ones]
    shares = weight_shares(len(stated), len(made_ones), ANSWER_SHARE)
    rows = np.array([lexical.worst(answer.claims, fitted) for answer in both])
    return replace(fitted, answer=logistic(rows, np.array([answer.label for answer in both]), shares))


def _claims(answers: Iterable[Labelled], view: str) -> tuple[Floats, Floats]:
    pairs = [
        (getattr(found, view), wrong)
        for answer in answers
        for found, wrong in zip(answer.claims, answer.claim_labels, strict=True)
    ]
    return np.array([values for values, _ in pairs]), np.array([wrong for _, wrong in pairs])


def weight_shares(real: int, made_ones: int, share: float) -> Floats:
    """1 for each real row; together *share* as much for all that were made."""
    return np.concatenate([np.ones(real), np.full(made_ones, share * real / made_ones)])


def logistic(rows: Floats, wrong: Floats, shares: Floats | None = None) -> Logistic:
    """A logistic regression, in the units of *rows*."""
    scaler = StandardScaler().fit(rows)
    model = LogisticRegression(max_iter=3000).fit(scaler.transform(rows), wrong, sample_weight=shares)
    weights = model.coef_[0] / scaler.scale_
    intercept = model.intercept_[0] - float(weights @ scaler.mean_)
    return Logistic(round(float(intercept), 6), tuple(round(float(weight), 6) for weight in weights))


def out_of_fold(
    answers: Sequence[Labelled], made_ones: Sequence[Labelled], folds: int
) -> Iterator[tuple[Weights, Sequence[int], Sequence[int], list[Labelled]]]:
    """(weights fitted without them, indices of the answers left out, made sentences left out)."""
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=SEED)
    parts = splitter.split(answers, [a.label for a in answers], [a.group for a in answers])
    for number, (kept, left) in enumerate(parts):
        ours = [one for one in made_ones if int(one.group.split()[1]) % folds != number]
        theirs = [one for one in made_ones if int(one.group.split()[1]) % folds == number]
        yield fit([answers[at] for at in kept], ours), kept, left, theirs


def with_thresholds(answers: Sequence[Labelled], made_ones: Sequence[Labelled], fitted: Weights) -> Weights:
    """*fitted* with the thresholds that gave the highest F1 out of fold, for answers and for claims."""
    ranked: list[tuple[float, bool]] = []
    doubted: list[tuple[float, bool]] = []
    for inner, _, left, _ in out_of_fold(answers, made_ones, INNER_FOLDS):
        for answer in (answers[at] for at in left):
            ranked.append((lexical.answer_probability(answer.claims, inner), answer.label))
            doubts = (lexical.doubt(found, inner) for found in answer.claims)
            doubted.extend(zip(doubts, answer.claim_labels, strict=True))
    return replace(fitted, threshold=best(ranked), claim_threshold=best(doubted))


def best(scored: Sequence[tuple[float, bool]]) -> float:
    """The threshold of the highest F1."""

    def f1(threshold: float) -> float:
        return accuracy.f1([Scored(label, found >= threshold, found) for found, label in scored]) or 0.0

    return max((round(step / 200, 3) for step in range(1, 200)), key=f1)


def measured(answers: Sequence[Labelled], made_ones: Sequence[Labelled]) -> tuple[list[Scored], list[Scored], Shares]:
    """Every answer, every claim, and the share of made sentences flagged by kind, each judged out of fold."""
    whole: list[Scored] = []
    single: list[Scored] = []
    flagged: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for inner, kept, left, made_left in out_of_fold(answers, made_ones, FOLDS):
        fitted = with_thresholds([answers[at] for at in kept], made_ones, inner)
        for answer in (answers[at] for at in left):
            rank = lexical.answer_probability(answer.claims, fitted)
            whole.append(Scored(answer.label, rank >= fitted.threshold, rank, answer.task, answer.group))
            for found, wrong in zip(answer.claims, answer.claim_labels, strict=True):
                doubt = lexical.doubt(found, fitted)
                single.append(Scored(wrong, doubt >= fitted.claim_threshold, doubt, "claims", answer.group))
        for one in made_left:
            claim = lexical.doubt(one.claims[0], fitted) >= fitted.claim_threshold
            flagged[one.task].append((claim, lexical.answer_probability(one.claims, fitted) >= fitted.threshold))
    shares = {
        kind: [round(float(np.mean(column)), 3) for column in zip(*rows, strict=True)] for kind, rows in flagged.items()
    }
    return whole, single, dict(sorted(shares.items()))


def main() -> None:
    """Fit on everything, measure out of fold, write and print."""
    started = time.monotonic()
    answers = labelled()
    made_ones = [counted(sentence) for sentence in sentences_made(random.Random(SEED))]  # noqa: S311
    whole, single, shares = measured(answers, made_ones)
    fitted = with_thresholds(answers, made_ones, fit(answers, made_ones))
    rows = accuracy.figures(whole) + accuracy.figures(single)[:1]
    rows[-1] = replace(rows[-1], task="claims")
    TARGET.write_text(json.dumps(_record(fitted, rows, shares), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    out = sys.stdout.write
    out(f"calibrate/ragtruth, {FOLDS} folds by source document, intervals by source document\n")
    out(accuracy.table(rows) + "\n\nmade sentences out of fold: share called ungrounded, as a claim and as an answer\n")
    for kind, (claim, answer) in shares.items():
        out(f"  {kind:14} {claim:6.3f} {answer:6.3f}\n")
    out(f"thresholds: answer {fitted.threshold}, claim {fitted.claim_threshold}; {time.monotonic() - started:.0f} s\n")


def _record(fitted: Weights, rows: Sequence[accuracy.Figures], shares: Shares) -> dict[str, object]:
    return {
        "written_by": "train/fit_lexical.py",
        "threshold": fitted.threshold,
        "claim_threshold": fitted.claim_threshold,
        "unlikeness": named(fitted.unlikeness, UNLIKENESS),
        "faults": named(fitted.faults, FAULTS),
        "answer": named(fitted.answer, ANSWER),
        "out_of_fold": {row.task: shown(row) for row in rows},
        "made_sentences_called_ungrounded": shares,
    }


def named(logistic: Logistic, names: Sequence[str]) -> dict[str, object]:
    """*logistic* as it stands in a file."""
    return {"intercept": logistic.intercept, "weights": dict(zip(names, logistic.weights, strict=True))}


def shown(row: accuracy.Figures) -> dict[str, object]:
    """*row* as it stands in a file."""
    figures = {
        name: [round(end, 3) for end in (one.value, one.low, one.high) if end is not None]
        for name, one in row.values.items()
    }
    return {"n": row.n, "ungrounded": row.positives, **figures}


if __name__ == "__main__":
    main()

"""What the local judge is worth on sets that it has not seen: ``python train/measure_local.py``.

For each labelled set with both labels: the network that was trained without it and without its documents
(`train_local.py --leave-out`), weighed by what is fitted on calibrate/ragtruth, judges its answers. Beside it stands
the lexical judge, and the paired difference of the two. Then the pooled difference, over calibrate/ragtruth (out of
fold) and all sets; records of kinds that were never learned from; and int8 beside the network in fp32.
"""

import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import fit_lexical
import fit_local
import numpy as np
import pairs
from fit_local import JUDGES, Read
from groundspan_collector import accuracy, evidence
from groundspan_collector.accuracy import Scored
from groundspan_collector.claims import Claim
from groundspan_collector.judges import local, signals
from groundspan_collector.judges.encoder import Encoder, Reading
from groundspan_collector.judges.weights import Combination, Weights
from structured_contexts import contexts
from train_local import BUILD, SEED, SETS

FILE = "local_figures.json"
RESAMPLES = 1_000
RECORDS = 150
Both = tuple[list[Scored], list[Scored]]
"""The same answers, by the local and by the lexical judge."""


def sentences(row: pairs.Row, encoder: Encoder) -> Iterator[Read]:
    """A row where people judged sentences: each is an answer of its own."""
    base = signals.ground(evidence.read(row["context"]), row["question"] or "")
    for sentence in row["sentences"]:
        if sentence["label"] is not None:
            claim = Claim(sentence["text"], 0, len(sentence["text"]))
            wrong = bool(sentence["label"])
            yield Read(wrong, str(row["id"]), row["task"], tuple(local.weigh([(claim, base)], encoder)), (wrong,))


def answers_of(name: str, encoder: Encoder) -> list[Read]:
    """The answers of one labelled set, or the records of kinds that are only measured on."""
    if name == pairs.RECORDS:
        return list(_records(encoder))
    rows = list(pairs.rows(name))
    if any(row["sentences"] for row in rows):
        return [one for row in rows if row["sentences"] for one in sentences(row, encoder)]
    return [fit_local.read(dict(row), encoder) for row in rows]


def _records(encoder: Encoder) -> Iterator[Read]:
    for number, context in enumerate(contexts(RECORDS, SEED, pairs.MEASURED_DOMAINS)):
        base = signals.ground(evidence.read(context.chunks), "")
        for claim in context.claims:
            one = Claim(claim.text, 0, len(claim.text))
            wrong = not claim.supported
            weighed = tuple(local.weigh([(one, base)], encoder))
            yield Read(wrong, f"records {number}", claim.kind, weighed, (wrong,))


def judged(answers: Sequence[Read], fitted: Combination, weights: Weights) -> Both:
    """*answers* by both judges."""
    return (
        [fit_local.scored(answer, fitted) for answer in answers],
        [fit_local.scored_lexically(answer, weights) for answer in answers],
    )


def difference(sets: Sequence[Both], measure: Callable[[Sequence[Scored]], float | None]) -> tuple[float, float, float]:
    """The mean over *sets* of local's figure less lexical's, with its interval: documents are drawn anew in each."""
    draw = random.Random(SEED)  # noqa: S311

    def once(picked: Sequence[Sequence[int]]) -> float:
        found = [
            (measure([one[place] for place in places]) or 0.0) - (measure([other[place] for place in places]) or 0.0)
            for (one, other), places in zip(sets, picked, strict=True)
        ]
        return float(np.mean(found))

    grouped = [_by_group(one) for one, _ in sets]
    drawn = sorted(
        once([[place for group in draw.choices(groups, k=len(groups)) for place in group] for groups in grouped])
        for _ in range(RESAMPLES)
    )
    value = once([range(len(one)) for one, _ in sets])
    return value, drawn[int(0.025 * RESAMPLES)], drawn[int(0.975 * RESAMPLES)]


def _by_group(answers: Sequence[Scored]) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for place, answer in enumerate(answers):
        groups.setdefault(answer.group, []).append(place)
    return list(groups.values())


def without(name: str, weights: Weights) -> Both:
    """The answers of *name*, by a network that never saw the set."""
    encoder = fit_local.network(f"without_{name}")
    calibration, made_ones = fit_local.calibration(encoder), fit_local.made_read(encoder)
    fitted = fit_local.with_thresholds(calibration, made_ones, fit_local.fit(calibration, made_ones))
    return judged(answers_of(name, encoder), fitted, weights)


def unread(answers: Sequence[Read]) -> list[Read]:
    """*answers* as if the network said the same of every claim: what is left is what is counted, fitted alike."""
    nothing = Reading(0.0, 0.0, (), is_english=True)
    return [replace(one, claims=tuple(replace(each, reading=nothing) for each in one.claims)) for one in answers]


def precisions() -> dict[str, list[float]]:
    """F1 and AUROC on calibrate/ragtruth out of fold, as int8 and as fp32."""
    found = {}
    for spelling in ("int8", "fp32"):
        encoder = fit_local.network("local", int8=spelling == "int8")
        scored = fit_local.measured(fit_local.calibration(encoder), fit_local.made_read(encoder)).local
        found[spelling] = _both(scored)
    return found


def _both(scored: Sequence[Scored]) -> list[float]:
    return [round(measure(scored) or 0.0, 4) for measure in (accuracy.f1, accuracy.auroc)]


def main() -> None:
    """Measure, print, and keep the figures beside the weights."""
    encoder = fit_local.network("local")
    calibration, made_ones = fit_local.calibration(encoder), fit_local.made_read(encoder)
    found = fit_local.measured(calibration, made_ones)
    counted = fit_local.measured(unread(calibration), unread(made_ones)).local
    weights = fit_local.fitted_lexically(calibration, made_ones)
    sets = {"calibrate/ragtruth": (found.local, found.lexical)}
    for name in SETS:
        if (BUILD / f"without_{name}.pt").exists():
            sets[name] = without(name, weights)
            _print(name, sets[name])
    people = [both for name, both in sets.items() if name != pairs.RECORDS]
    pooled = {
        "AUROC": difference(people, accuracy.auroc),
        "balanced accuracy": difference(people, accuracy.balanced_accuracy),
    }
    record = {
        "written_by": "train/measure_local.py",
        "sets": {name: _figures(both) for name, both in sets.items()},
        "pooled_difference": {name: [round(value, 3) for value in values] for name, values in pooled.items()},
        "F1_and_AUROC": precisions() | {"without the network": _both(counted)},
    }
    (JUDGES / FILE).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps({key: record[key] for key in ("pooled_difference", "F1_and_AUROC")}, indent=1) + "\n")


def _print(name: str, both: Both) -> None:
    rows = [
        replace(accuracy.figures(scored)[0], task=judge)
        for judge, scored in zip(("local", "lexical"), both, strict=True)
    ]
    sys.stdout.write(f"{name}, by a network that never saw it\n{accuracy.table(rows)}\n\n")
    sys.stdout.flush()


def _figures(both: Both) -> dict[str, object]:
    mine, other = (fit_lexical.shown(accuracy.figures(scored)[0]) for scored in both)
    apart = [round(value, 3) for value in difference([both], accuracy.auroc)]
    return {"local": mine, "lexical": other, "AUROC_difference": apart}


if __name__ == "__main__":
    main()

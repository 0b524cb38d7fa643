"""Train the network of the local judge: ``python train/train_local.py`` (two cores, or a GPU).

Reads the human-labelled sets in ../shared/data and MiniLM's published weights; leaves the learned weights in
build/train. With ``--leave-out SET`` it trains by a shortened recipe without that set, and without any document of it:
what such a network is worth on the set is worth believing. A run that was cut goes on where it was.
"""

import argparse
import hashlib
import json
import pickle
import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cross_encoder
import pairs
import torch
from cross_encoder import Run
from pairs import Pair

BUILD = Path(__file__).resolve().parent.parent / "build" / "train"
SEED = 7
PEOPLE_EPOCHS, MADE = 2, 18_000
SHORT = 8_000
"""So many pairs are learned from where a set is left out."""
RECORDS = 600
RULES = ("pairs.py", "corruptions.py", "structured_contexts.py", "record_domains.py")
SETS = (*(name for name in pairs.SETS if name != "wice_tokens"), pairs.RECORDS)
"""What can be left out: the sets with both labels."""


def everything() -> list[Pair]:
    """All pairs there are, made once and kept beside the weights."""
    # Of other rules, what was kept is other pairs.
    rules = b"".join((Path(__file__).parent / name).read_bytes() for name in RULES)
    kept = BUILD / f"pairs-{hashlib.sha256(rules).hexdigest()[:8]}.pickle"
    if kept.exists():
        return list(pickle.loads(kept.read_bytes()))  # noqa: S301 (our own)
    found = [pair for name in pairs.SETS for pair in _of_set(name)]
    found += pairs.records(RECORDS, SEED)
    kept.write_bytes(pickle.dumps(found))
    return found


def _of_set(name: str) -> list[Pair]:
    people = list(pairs.labelled(name))
    contexts_of = {str(row["id"]): row["context"] for row in pairs.rows(name)}
    one_of_each = {pairs.document_of(context): key for key, context in contexts_of.items()}
    draw = random.Random(f"{SEED} {name}")  # noqa: S311
    changed = list(pairs.made_wrong(people, contexts_of, draw))
    sentences = pairs.documents_made_wrong({key: contexts_of[key] for key in one_of_each.values()}, draw)
    return people + changed + [replace(pair, dataset=name) for pair in sentences]


def chosen(found: Sequence[Pair], left_out: str) -> list[Pair]:
    """The pairs to learn from: all that people judged, twice, and as many of each kind that was made."""
    alike = {"wice_dev", "wice_tokens"} if left_out == "wice_dev" else {left_out}
    documents = {pair.document for pair in found if pair.dataset in alike}
    left = [pair for pair in found if pair.dataset not in alike and pair.document not in documents]
    draw = random.Random(SEED)  # noqa: S311
    people = [pair for pair in left if pairs.is_labelled(pair)]
    by_kind: dict[str, list[Pair]] = defaultdict(list)
    for pair in left:
        if not pairs.is_labelled(pair):
            by_kind[pair.kind].append(pair)
    made = [pair for kind in sorted(by_kind) for pair in _some(by_kind[kind], MADE // len(by_kind), draw)]
    if not left_out:
        return people * PEOPLE_EPOCHS + made
    # In the same proportion as in the whole recipe.
    share = SHORT / (PEOPLE_EPOCHS * len(people) + len(made))
    return _some(people, round(PEOPLE_EPOCHS * len(people) * share), draw) + _some(made, round(len(made) * share), draw)


def _some(found: Sequence[Pair], count: int, draw: random.Random) -> list[Pair]:
    return draw.sample(found, min(count, len(found)))


def main() -> None:
    """Train, and leave the weights and what the run was in build/train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leave-out", choices=SETS, default="")
    left_out = parser.parse_args().leave_out
    name = f"without_{left_out}" if left_out else "local"
    BUILD.mkdir(parents=True, exist_ok=True)
    learned_from = chosen(everything(), left_out)
    offsets = sorted({cross_encoder.offset_of(pair) for pair in learned_from})
    examples = cross_encoder.encoded(learned_from, offsets)
    tokens = sum(len(one.ids) for one in examples)
    sys.stdout.write(f"{name}: {len(examples)} pairs, {tokens} tokens, offsets {offsets}\n")
    model = cross_encoder.pretrained(SEED)
    run = Run(SEED, len(offsets), BUILD / f"{name}.checkpoint")
    started = time.monotonic()

    def tell(step: int, steps: int, loss: float) -> None:
        sys.stdout.write(f"{step}/{steps} loss {loss:.3f} {time.monotonic() - started:.0f} s\n")
        sys.stdout.flush()

    loss = cross_encoder.learn(model, examples, run, tell)
    torch.save(model.state_dict(), BUILD / f"{name}.pt")
    told = {
        "pairs": len(examples),
        "tokens": tokens,
        "loss": round(loss, 4),
        "seconds": round(time.monotonic() - started),
    }
    (BUILD / f"{name}.json").write_text(json.dumps(told) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

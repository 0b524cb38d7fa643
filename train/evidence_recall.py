"""How often the evidence is in the window, and what looking costs: ``python train/evidence_recall.py``.

Gold sentences of wice_dev (a set of sentences that supports the claim is found whole), cited chunks of expertqa_dev,
and fields of records that are made here (structured_contexts.py). Three passages as the lexical judge sees them stand
beside the windows of 400, 800 and 1,200 characters that a model is shown.
"""

import gzip
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import record_domains
import structured_contexts
from groundspan_collector import evidence, wording
from groundspan_collector.claims import Claim
from groundspan_collector.evidence import Evidence, Index
from groundspan_collector.evidence_window import window
from groundspan_collector.judges import SUPPORTED, Case, lexical

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "train"
BUDGETS = (400, 800, 1200)
CONTEXTS, SEED = 700, 11
CHUNKS, CHUNK_CHARS, CLAIMS, RUNS = 100, 500, 30, 5

Looking = Callable[[Index, str], tuple[Sequence[Evidence], int]]
"""What of a context a judge would be shown for a claim, and in how many characters."""


@dataclass(frozen=True, slots=True)
class Sought:
    """A claim, and sets of places: it is found if all of one set is shown. A place is found if most of it is."""

    kind: str
    index: Index
    claim: str
    gold: Sequence[Sequence[Evidence]]


def passages(index: Index, claim: str) -> tuple[Sequence[Evidence], int]:
    """Three passages, as the lexical judge sees them."""
    stems = {word.stem for word in wording.words(claim) if word.kind != wording.STOP}
    found = [passage.at for passage in evidence.passages(index, stems)]
    return found, sum(at.end - at.start for at in found)


def windows(most_chars: int) -> Looking:
    """A window of *most_chars* characters."""

    def look(index: Index, claim: str) -> tuple[Sequence[Evidence], int]:
        found = window(index, wording.words(claim), most_chars)
        return found.parts, len(found.text)

    return look


def passages_within(index: Index, claim: str) -> tuple[Sequence[Evidence], int]:
    """As many passages as 800 characters hold: what the window must be better than."""
    stems = {word.stem for word in wording.words(claim) if word.kind != wording.STOP}
    found: list[Evidence] = []
    chars = 0
    for passage in evidence.passages(index, stems, limit=40):
        length = passage.at.end - passage.at.start
        if chars + length <= BUDGETS[1]:
            found.append(passage.at)
            chars += length
    return found, chars


LOOKING: dict[str, Looking] = {
    "3 passages": passages,
    f"passages {BUDGETS[1]}": passages_within,
    **{f"window {most}": windows(most) for most in BUDGETS},
}


def wice() -> Iterator[Sought]:
    """Claims with the sentences that support them, which stand on lines of their own."""
    for row in _rows("wice_dev"):
        lines = [line for chunk, text in enumerate(row["context"]) for line in _lines(chunk, text)]
        gold = [[lines[at] for at in one] for one in row["meta"]["supporting_sentences"] if one]
        if gold:
            yield Sought("wice_dev", evidence.read(row["context"]), row["answer"], gold)


def _lines(chunk: int, text: str) -> Iterator[Evidence]:
    ends = [-1, *(at for at, letter in enumerate(text) if letter == "\n"), len(text)]
    for before, end in pairwise(ends):
        yield Evidence(chunk, before + 1, end)


def expertqa() -> Iterator[Sought]:
    """Supported claims of experts' answers; the evidence is found if a cited chunk is looked into."""
    for row in _rows("expertqa_dev"):
        index = evidence.read(row["context"])
        for one in row["sentences"]:
            if one["label"] == 0 and len(row["context"]) > len(one["evidence_idx"]) > 0:
                gold = [[Evidence(chunk, 0, 0)] for chunk in one["evidence_idx"]]
                yield Sought("expertqa_dev, chunks", index, one["text"], gold)


def made() -> Iterator[Sought]:
    """Claims about one field of a record; the field's value must be shown."""
    for context in structured_contexts.contexts(CONTEXTS, SEED):
        index = evidence.read(context.chunks)
        for claim in context.claims:
            if claim.start < claim.end:
                gold = [[Evidence(claim.chunk, claim.start, claim.end)]]
                yield Sought(f"made: {context.format}", index, claim.text, gold)


def _rows(name: str) -> list[dict[str, Any]]:
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def found(one: Sequence[Evidence], parts: Sequence[Evidence]) -> float:
    """The share of the places in *one* that *parts* show."""
    return mean(float(_shown(at, parts)) for at in one)


def _shown(at: Evidence, parts: Sequence[Evidence]) -> bool:
    if at.start == at.end:
        return any(part.chunk == at.chunk for part in parts)
    same = [part for part in parts if part.chunk == at.chunk]
    return 2 * sum(max(0, min(at.end, part.end) - max(at.start, part.start)) for part in same) > at.end - at.start


def recall(sought: Sequence[Sought], look: Looking) -> tuple[float, float, float]:
    """The share of claims with a whole set of evidence shown, of sentences of the set best shown, and characters."""
    whole, partly, chars = [], [], []
    for one in sought:
        parts, length = look(one.index, one.claim)
        share = max(found(gold, parts) for gold in one.gold)
        whole.append(float(share == 1))
        partly.append(share)
        chars.append(length)
    return mean(whole), mean(partly), mean(chars)


def judged() -> Iterator[tuple[str, str, bool, bool]]:
    """(format, kind, supported, called supported) for claims about records; "unseen" for domains of no rule."""
    judge = lexical.load()
    unseen = structured_contexts.contexts(CONTEXTS // 2, SEED, record_domains.UNSEEN)
    for context in [*structured_contexts.contexts(CONTEXTS, SEED), *unseen]:
        is_unseen = context.domain in {domain.name for domain in record_domains.UNSEEN}
        index = evidence.read(context.chunks)
        for claim in context.claims:
            ruling = judge.judge(Case("", index, claim.text, (Claim(claim.text, 0, len(claim.text)),)))
            called = ruling.verdicts[0].word == SUPPORTED
            kind = "unseen" if is_unseen else claim.kind
            yield "unseen" if is_unseen else context.format, kind, claim.supported, called


def cost_us() -> dict[str, float]:
    """Microseconds of CPU a claim, reading the context included, for an answer of 30 claims on 50,000 characters."""
    lines = [line for row in _rows("wice_dev") for line in "\n".join(row["context"]).split("\n") if len(line) > 60]
    text = "\n".join(lines)
    context = [text[at : at + CHUNK_CHARS] for at in range(0, CHUNKS * CHUNK_CHARS, CHUNK_CHARS)]
    asked = [row["answer"] for row in _rows("wice_dev")[:CLAIMS]]
    made_ones = list(structured_contexts.contexts(200, SEED))
    records = [chunk for one in made_ones for chunk in one.chunks]
    about = [claim.text for one in made_ones for claim in one.claims][:CLAIMS]
    return {
        "read 100 chunks of prose": _fastest(lambda: evidence.read(context)),
        "read 100 chunks of records": _fastest(lambda: evidence.read(records[:CHUNKS])),
        **{name: _fastest(lambda look=look: _look(look, context, asked)) for name, look in LOOKING.items()},  # type: ignore[misc]
        "lexical judge": _fastest(lambda: _judge(context, asked)),
        "lexical judge, on records": _fastest(lambda: _judge(records[:CHUNKS], about)),
    }


def _look(look: Looking, context: Sequence[str], asked: Sequence[str]) -> None:
    index = evidence.read(context)
    for claim in asked:
        look(index, claim)


def _judge(context: Sequence[str], asked: Sequence[str]) -> None:
    index = evidence.read(context)
    lexical.load().judge(Case("", index, " ".join(asked), tuple(Claim(text, 0, len(text)) for text in asked)))


def _fastest(run: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return min(times) * 1e6 / CLAIMS


def main() -> None:
    """Print recall, the lexical judge on records, and the cost."""
    out = sys.stdout.write
    by_kind: dict[str, list[Sought]] = defaultdict(list)
    for one in [*wice(), *expertqa(), *made()]:
        by_kind[one.kind].append(one)
    out(f"{'evidence in the window':28} {'n':>5}" + "".join(f"  {name:>18}" for name in LOOKING) + "\n")
    for kind, sought in by_kind.items():
        shown = (recall(sought, look) for look in LOOKING.values())
        out(
            f"{kind:28} {len(sought):5}"
            + "".join(f"   {whole:.3f} {part:.3f} {chars:5.0f}" for whole, part, chars in shown)
            + "\n"
        )
    out("(share of claims with all of their evidence, share of the evidence, characters shown)\n\n")
    rows = list(judged())
    out("lexical judge on claims about records: accuracy, called supported where true, where false\n")
    for name in dict.fromkeys([row[0] for row in rows] + [row[1] for row in rows]):
        out(_judgement(name, [row for row in rows if name in row[:2]]))
    out(_judgement("all but unseen", [row for row in rows if row[0] != "unseen"]) + "\n")
    out(f"microseconds a claim ({CHUNKS} chunks x {CHUNK_CHARS} characters, {CLAIMS} claims, reading included)\n")
    for name, spent in cost_us().items():
        out(f"  {name:28} {spent:8.0f}\n")


def _judgement(name: str, rows: Sequence[tuple[str, str, bool, bool]]) -> str:
    right = mean(float(true == called) for _, _, true, called in rows)
    called = [mean(float(row[3]) for row in rows if row[2] == true) for true in (True, False)]
    return f"  {name:14} {len(rows):5}  {right:.3f}  {called[0]:.3f} {called[1]:.3f}\n"


if __name__ == "__main__":
    main()

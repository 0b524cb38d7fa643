"""What the local judge is trained on: pairs of a claim and the window of a context that it is judged by.

The human-labelled sets give pairs by their answers and sentences. Three more kinds are made from them: claims that
people found supported, with one thing in them made wrong; the same claims beside what is left of their document when
their evidence is taken out; sentences of the documents themselves, kept and made wrong. Records are made by
`structured_contexts.py`, of the kinds of TRAINED_DOMAINS: those of the others are only ever measured on.
"""

import difflib
import gzip
import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from corruptions import Made, introduced, made
from groundspan_collector import claims, evidence, wording
from groundspan_collector.evidence import Index
from groundspan_collector.evidence_window import window
from record_domains import DOMAINS
from structured_contexts import contexts

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
SETS = ("summedits", "frank", "expertqa_dev", "fool_me_twice", "factcheck_gpt", "faithdial_audit", "q2_wow",
        "wice_dev", "wice_tokens")  # fmt: skip
TRAINED_DOMAINS, MEASURED_DOMAINS = DOMAINS[0::2], DOMAINS[1::2]
RECORDS = "records"

SUPPORTED, CONTRADICTED, UNSUPPORTED = 0, 1, 2
UNGROUNDED = -1
"""Contradicted or unsupported: people did not say which."""

WINDOW_CHARS = 600
LONGEST_CLAIM_CHARS = 700
WHOLE_SENTENCE = re.compile(r"[A-Z][^\n|{}<>]*\.$")
WORDS_OR_SPACES = re.compile(r"\w+|\s+|[^\w\s]")
OF_A_CLAIM = 2
"""So many wrong claims are made of one that is supported."""
OF_A_DOCUMENT = 3
"""So many sentences of a document are kept and made wrong."""
TAKEN_OUT = 4
"""A claim's evidence is taken out of documents with more than so many statements."""
INTRODUCED = 0.15
CONTRADICTING = frozenset({"other_number", "negated", "opposed", "other_name"})

Row = Mapping[str, Any]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim beside the window it is judged by."""

    claim: str
    window: str
    target: int
    faults: tuple[Span, ...] | None
    """Where in the claim it is not supported; None if people did not say."""
    dataset: str
    document: str
    """Pairs of one document are never on both sides of a split."""
    kind: str
    """How it came to be: by people, or what was made of it."""
    row: str = ""
    """The labelled row that it is a part of."""


def rows(name: str) -> Iterator[Row]:
    """The rows of one labelled set."""
    with gzip.open(DATA / "train" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@lru_cache(maxsize=64)
def _read(context: tuple[str, ...]) -> Index:
    return evidence.read(context)


def shown(context: Sequence[str], claim: str) -> str:
    """The window of *context* for *claim*, as the judge sees it."""
    return window(_read(tuple(context)), wording.words(claim), WINDOW_CHARS).text


def labelled(name: str) -> Iterator[Pair]:
    """The pairs of one labelled set, as people judged them."""
    for row in rows(name):
        document = document_of(row["context"])
        for claim, target, faults in _judged(row):
            if 3 <= len(claim) <= LONGEST_CLAIM_CHARS:
                yield Pair(claim, shown(row["context"], claim), target, faults, name, document, "people", row["id"])


def document_of(context: Sequence[str]) -> str:
    """What tells one document from another."""
    return " ".join(context)[:200]


def is_labelled(pair: Pair) -> bool:
    """Whether people judged it, or a record whose value is known."""
    return pair.kind == "people" or pair.dataset == RECORDS


Judged = tuple[str, int, tuple[Span, ...] | None]


def _judged(row: Row) -> Iterator[Judged]:
    """The claims of an answer with what people found; the whole answer where they only judged all of it."""
    answer, name = row["answer"], row["dataset"]
    if row["sentences"] and any(s["label"] is not None for s in row["sentences"]):
        for sentence in row["sentences"]:
            if sentence["label"] is not None:
                wrong = bool(sentence["label"])
                yield sentence["text"], UNGROUNDED if wrong else SUPPORTED, None if wrong else ()
        return
    found = claims.split(answer).claims
    spans = [tuple(span) for span in row["spans"] or ()] or _edited(row)
    if row["label"] and not spans:
        yield answer, _kind_of_wrong(row), None
        return
    for claim in found:
        inside = tuple(
            (max(0, low - claim.start), min(high, claim.end) - claim.start)
            for low, high in spans
            if low < claim.end and high > claim.start
        )
        yield claim.text, _kind_of_wrong(row) if row["label"] and inside else SUPPORTED, inside if row["label"] else ()
    if not row["label"] and len(found) > 1 and name in {"frank", "faithdial_audit", "q2_wow", "factcheck_gpt"}:
        # Whole answers must not all be wrong ones.
        yield answer, SUPPORTED, ()


def _edited(row: Row) -> list[Span]:
    """Where an edited summary differs from the one it was made from, which people had found consistent."""
    original = row["meta"].get("original_summary")
    return changed(original, row["answer"]) if original and row["label"] else []


def _kind_of_wrong(row: Row) -> int:
    meta = row["meta"]
    if row["dataset"].startswith("fool_me_twice") or meta.get("stance") == "refute":
        return CONTRADICTED
    if meta.get("stance") == "irrelevant" or str(meta.get("begin", "")).startswith("hallucination"):
        return UNSUPPORTED
    if meta.get("edit_types") and "hallucinated_fact_insertion" not in meta["edit_types"]:
        return CONTRADICTED
    return UNGROUNDED


def changed(before: str, after: str) -> list[Span]:
    """Where *after* has other words than *before*; where words were only left out, the word that follows."""
    old, new = (WORDS_OR_SPACES.findall(text) for text in (before, after))
    starts = [0]
    for token in new:
        starts.append(starts[-1] + len(token))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    found = []
    for tag, _, _, low, high in matcher.get_opcodes():
        if tag != "equal" and new:
            end = max(high, min(low + 2, len(new)))
            found.append((starts[min(low, len(new) - 1)], starts[end]))
    return found


def made_wrong(pairs: Iterable[Pair], contexts_of: Mapping[str, Sequence[str]], draw: random.Random) -> Iterator[Pair]:
    """Of claims that people found supported: changed ones, and the same without their evidence."""
    far = _sentences_of(contexts_of, draw)
    for pair in pairs:
        if pair.target != SUPPORTED or not 30 <= len(pair.claim) <= 300:
            continue
        context = contexts_of[pair.row]
        near = [statement for statement in _sentences(tuple(context)) if statement not in pair.claim][:40]
        others = draw.sample(far, 6)
        sentence = pair.claim if pair.claim.endswith(".") else pair.claim + "."
        variants = [one for one in made(sentence, near, others, draw) if one.kind not in {"verbatim", "introduced"}]
        draw.shuffle(variants)
        wrong = [one for one in variants if not one.supported][:OF_A_CLAIM]
        for one in wrong + [one for one in variants if one.supported][:1]:
            yield _made(pair, sentence, one, context, draw)
        if near:
            yield _made(pair, sentence, Made("fused", fused(sentence, near, draw), supported=True), context, draw)
        without = _without_evidence(context, pair.claim)
        if without:
            yield replace(pair, window=without, target=UNSUPPORTED, faults=None, kind="evidence taken out")


def _made(pair: Pair, before: str, one: Made, context: Sequence[str], draw: random.Random) -> Pair:
    """*one* that was made of *before*; now and then after words of where it is from, so that those tell nothing."""
    text = introduced(one.text, (), draw) if draw.random() < INTRODUCED else one.text
    shift = len(text) - len(one.text)
    faults = () if one.supported else tuple((low + shift, high + shift) for low, high in changed(before, one.text))
    target = SUPPORTED if one.supported else CONTRADICTED if one.kind in CONTRADICTING else UNSUPPORTED
    return replace(pair, claim=text, window=shown(context, text), target=target, faults=faults, kind=one.kind)


@lru_cache(maxsize=64)
def _sentences(context: tuple[str, ...]) -> tuple[str, ...]:
    cut = (text[low:high] for text in context for low, high in claims.sentences(text))
    return tuple(s for s in cut if WHOLE_SENTENCE.match(s) and 5 <= s.count(" ") <= 40)


def _sentences_of(contexts_of: Mapping[str, Sequence[str]], draw: random.Random) -> list[str]:
    several = draw.sample(sorted(contexts_of), min(600, len(contexts_of)))
    return [sentence for key in several for sentence in _sentences(tuple(contexts_of[key]))[:5]]


def _without_evidence(context: Sequence[str], claim: str) -> str:
    """The window for *claim* when the passages nearest to it are cut out of *context*; "" if little is left."""
    index = _read(tuple(context))
    if len(index.statements) <= TAKEN_OUT:
        return ""
    stems = [word.stem for word in wording.words(claim) if word.kind != wording.STOP]
    left = list(context)
    found = [passage.at for passage in evidence.passages(index, dict.fromkeys(stems), limit=3)]
    for at in sorted(found, key=lambda at: (at.chunk, -at.start)):
        left[at.chunk] = left[at.chunk][: at.start] + " " + left[at.chunk][at.end :]
    return shown(left, claim) if any(text.strip() for text in left) else ""


def fused(sentence: str, near: Sequence[str], draw: random.Random) -> str:
    """With another sentence of its document: joined like the additions that nobody made, and supported."""
    joint = draw.choice([", and ", "; ", ", while ", ", as "])
    other = draw.choice(near)
    return f"{sentence[:-1]}{joint}{other[0].lower()}{other[1:]}"


def documents_made_wrong(contexts_of: Mapping[str, Sequence[str]], draw: random.Random) -> Iterator[Pair]:
    """Sentences of documents, kept and made wrong; *contexts_of* has one row for each document."""
    far = _sentences_of(contexts_of, draw)
    for key, context in contexts_of.items():
        sentences = _sentences(tuple(context))
        for sentence in draw.sample(sentences, min(OF_A_DOCUMENT, len(sentences))) if len(sentences) > 2 else ():
            near = [other for other in sentences if other != sentence][:40]
            variants = [one for one in made(sentence, near, draw.sample(far, 6), draw) if one.kind != "introduced"]
            variants.append(Made("fused", fused(sentence, near, draw), supported=True))
            draw.shuffle(variants)
            picked = [v for v in variants if v.supported][:1] + [v for v in variants if not v.supported][:2]
            pair = Pair(sentence, "", SUPPORTED, (), "", document_of(context), "", key)
            yield from (_made(pair, sentence, one, context, draw) for one in picked)


def records(count: int, seed: int, *, measured: bool = False) -> Iterator[Pair]:
    """Claims about records of the trained kinds, or of those that are only measured on."""
    for number, context in enumerate(contexts(count, seed, MEASURED_DOMAINS if measured else TRAINED_DOMAINS)):
        for claim in context.claims:
            target = SUPPORTED if claim.supported else CONTRADICTED
            faults = () if claim.supported else None
            text = shown(context.chunks, claim.text)
            yield Pair(claim.text, text, target, faults, RECORDS, f"{RECORDS} {number}", claim.kind, f"{number}")

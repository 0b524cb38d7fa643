"""How fast claims are judged: claims a second, memory, the first verdict, a cascade's saving, and torch beside it.

python bench/judge.py [--answers 150]

Each answer has four claims beside five chunks of 500 characters, all from the docstrings of Python's own library; half
of the claims have another number or a "not" in them. Each judge runs in a process of its own that does nothing else.
The network in torch has the shape of ours and reads the same pairs, in fp32 and as many threads.
"""

import argparse
import importlib
import json
import os
import platform
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ("argparse", "asyncio", "collections", "csv", "datetime", "decimal", "email.message", "fractions",
           "http.client", "json", "logging", "mailbox", "multiprocessing", "os", "pathlib", "random", "re", "shutil",
           "socket", "sqlite3", "statistics", "string", "subprocess", "tarfile", "threading", "turtle", "unittest",
           "urllib.request", "zipfile")  # fmt: skip
CHUNKS, CHUNK_CHARS, CLAIMS = 5, 500, 4
SENTENCE = re.compile(r"[A-Z][^.\n]{40,180}\.")
CASCADE = "lexical>local"
SEED = 11
Answer = tuple[list[str], str]
"""Its context, and its text."""


def texts() -> list[str]:
    """Docstrings in pieces of one chunk each, with spaces for ends of lines."""
    found = []
    for name in MODULES:
        module = importlib.import_module(name)
        things = [module, *(value for key, value in sorted(vars(module).items()) if not key.startswith("_"))]
        told = " ".join(" ".join(str(getattr(thing, "__doc__", "") or "").split()) for thing in things)
        found += [told[at : at + CHUNK_CHARS] for at in range(0, len(told) - CHUNK_CHARS, CHUNK_CHARS)]
    return sorted(set(found))


def answers(count: int) -> Iterator[Answer]:
    """*count* answers, the same ones in every run on one version of Python."""
    draw = random.Random(SEED)
    pieces = texts()
    made = 0
    while made < count:
        context = draw.sample(pieces, CHUNKS)
        sentences = [sentence for piece in context for sentence in SENTENCE.findall(piece)]
        if len(sentences) >= CLAIMS:
            made += 1
            said = draw.sample(sentences, CLAIMS)
            yield context, " ".join(_wrong(one, draw) if at % 2 else one for at, one in enumerate(said))


def _wrong(sentence: str, draw: random.Random) -> str:
    for pattern, other in ((r"\d+", str(draw.randrange(100))), (r" is ", " is not "), (r" a ", " no ")):
        if re.search(pattern, sentence):
            return re.sub(pattern, other, sentence, count=1)
    return sentence


def judged(judge: str, count: int, threads: int) -> dict[str, float]:
    """What this process needs to judge *count* answers; the best of three passes counts."""
    from groundspan_collector import judge_names
    from groundspan_collector.judgement import decided, opened
    from groundspan_collector.judges import Case

    given = list(answers(count))
    before_bytes = _peak_bytes()
    ruler = judge_names.load(judge, threads=threads)
    best_s, claims = float("inf"), 0
    for _ in range(3):
        started_s = time.perf_counter()
        cases = [case for context, text in given if isinstance(case := opened("", context, text), Case)]
        rulings = [ruler.judge(case) for case in cases]
        claims = sum(len(decided(c, r, ruler.threshold).claims) for c, r in zip(cases, rulings, strict=True))
        best_s = min(best_s, time.perf_counter() - started_s)
    return {"claims_s": claims / best_s, "rss_bytes": _peak_bytes(), "before_bytes": before_bytes, "claims": claims}


def read(count: int, threads: int, *, torch: bool) -> dict[str, float]:
    """The network alone, on the pairs that the judge reads: pairs a second."""
    from groundspan_collector import claims, evidence, evidence_window, wording
    from groundspan_collector.judges import encoder, local

    pairs = []
    for context, text in answers(count):
        index = evidence.read(context)
        for claim in claims.split(text).claims:
            shown = evidence_window.window(index, wording.words(claim.text), local.WINDOW_CHARS).text
            pairs.append((claim.text, shown))
    run = _torch(pairs, threads) if torch else _onnx(encoder.shipped(threads), pairs)
    best_s = float("inf")
    for _ in range(3):
        started_s = time.perf_counter()
        run()
        best_s = min(best_s, time.perf_counter() - started_s)
    return {"pairs_s": len(pairs) / best_s}


def _onnx(network: object, pairs: Sequence[tuple[str, str]]) -> Callable[[], object]:
    return lambda: network.read(pairs)  # type: ignore[attr-defined]


def _torch(pairs: Sequence[tuple[str, str]], threads: int) -> Callable[[], object]:
    sys.path.insert(0, str(ROOT / "train"))
    import cross_encoder
    import torch

    torch.set_num_threads(threads)
    model = cross_encoder.pretrained(0).to("cpu").eval()
    cut = cross_encoder.tokenizer().encode_batch(list(pairs))
    ordered = sorted(
        (cross_encoder.Encoded(tuple(one.ids), tuple(one.type_ids), (1, 2), 0, None, 0) for one in cut),
        key=lambda one: len(one.ids),
    )

    def run() -> None:
        with torch.no_grad():
            for first in range(0, len(ordered), 16):
                model(*cross_encoder.tensors(ordered[first : first + 16]))

    return run


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def first_verdict_s() -> float:
    """From the start of `groundspan judge -` to its first line; the best of three."""
    context, text = next(answers(1))
    line = json.dumps({"id": 1, "context": context, "answer": text}) + "\n"
    best_s = float("inf")
    for _ in range(3):
        started_s = time.perf_counter()
        command = [sys.executable, "-m", "groundspan_collector", "judge", "-"]
        subprocess.run(command, input=line, text=True, check=True, capture_output=True, timeout=60)
        best_s = min(best_s, time.perf_counter() - started_s)
    return best_s


def _apart(*arguments: object) -> dict[str, float]:
    """This file in a process of its own."""
    command = [sys.executable, __file__, "--part", *map(str, arguments)]
    done = subprocess.run(command, text=True, check=True, capture_output=True, timeout=900)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _part(part: str, count: int, threads: int) -> dict[str, float]:
    if part in {"onnx", "torch"}:
        return read(count, threads, torch=part == "torch")
    return judged(part, count, threads)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=150)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--part", nargs=3, metavar=("PART", "ANSWERS", "THREADS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(_part(options.part[0], int(options.part[1]), int(options.part[2]))))
        return
    count, threads = options.answers, options.threads
    print(f"{platform.machine()}, {os.cpu_count()} cores, {threads} threads, Python {platform.python_version()}")
    print(f"{count} answers of {CLAIMS} claims beside {CHUNKS} chunks of {CHUNK_CHARS} characters")
    found = {judge: _apart(judge, count, threads) for judge in ("local", "lexical", CASCADE)}
    for judge, one in found.items():
        mib = one["rss_bytes"] / 2**20
        print(f"{judge:14} {one['claims_s']:8.0f} claims/s, {mib:.0f} MiB at most, {one['claims']:.0f} claims")
    print(f"the cascade is {found[CASCADE]['claims_s'] / found['local']['claims_s']:.2f} times as fast as local")
    ours, torch = _apart("onnx", count, threads), _apart("torch", count, threads)
    ratio = ours["pairs_s"] / torch["pairs_s"]
    print(
        f"the network: {ours['pairs_s']:.0f} pairs/s, in torch fp32 {torch['pairs_s']:.0f}: {ratio:.2f} times as many"
    )
    print(f"groundspan judge, from its start to its first verdict: {first_verdict_s():.2f} s")


if __name__ == "__main__":
    main()

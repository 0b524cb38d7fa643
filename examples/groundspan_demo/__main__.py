"""Run the demo's application against a collector: ``python -m groundspan_demo --endpoint URL``."""

import argparse
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from groundspan_demo.settings import Settings

if TYPE_CHECKING:
    from groundspan_demo.answerer import Planted
    from groundspan_demo.questions import Question

SIMULATED = "simulated answers, real retrieval, real spans, real judging"


def main(arguments: list[str] | None = None) -> None:
    """Ask every question of every version, and say what was done."""
    options = _parser().parse_args(arguments)
    settings = Settings.from_env()
    print(f"{_who_answers(settings)}; reading the standard library's documentation", flush=True)

    # Imported late: --help and a mistyped option answer at once, without a torch in memory.
    from groundspan_demo.run import Run, ask_all, prepare, write_planted

    started = time.monotonic()
    material = prepare(settings, options.questions)
    print(f"{len(material.corpus)} passages indexed in {time.monotonic() - started:.1f} s", flush=True)
    if options.planted:
        options.planted.write_text("")
    run = Run(options.endpoint, options.seed, settings)
    for version in options.version or ["v1", "v2"]:
        started = time.monotonic()
        planted = ask_all(run, material, version)
        if options.planted:
            write_planted(options.planted, version, planted)
        took_s = time.monotonic() - started
        done = f"{version}: {len(material.questions)} questions in {took_s:.1f} s"
        print(f"{done}, {_mistakes(planted)}" if run.simulated else done, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m groundspan_demo", description=__doc__)
    parser.add_argument("--endpoint", required=True, help="the collector's address, such as http://127.0.0.1:4318")
    parser.add_argument(
        "--version",
        action="append",
        choices=("v1", "v2"),
        help="which version of the application; again for both",
    )
    parser.add_argument("--questions", type=int, metavar="N", help="ask only the first N questions")
    parser.add_argument("--planted", type=Path, metavar="FILE", help="write v2's planted mistakes there, as JSON lines")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same answers (default: 7)")
    return parser


def _who_answers(settings: Settings) -> str:
    return SIMULATED if settings.openai_api_key is None else f"answers by {settings.openai_model}"


def _mistakes(planted: "list[tuple[Question, Planted]]") -> str:
    kinds = Counter(each.kind for _, each in planted)
    named = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    return f"{kinds.total()} planted mistakes" + (f" ({named})" if named else "")


if __name__ == "__main__":
    main()

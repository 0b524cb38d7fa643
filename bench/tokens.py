"""How wrong the estimate of tokens is: against the tokenizer itself, per language, and what either costs.

    python bench/tokens.py                # against o200k_base: gpt-4o, gpt-4.1, gpt-5, o1 to o4
    python bench/tokens.py cl100k_base    # gpt-4, gpt-3.5, text-embedding-3

Needs the extra ``tokens``. The rates in groundspan/_estimate.py were chosen by the first two columns.
"""

import sys
import time
from collections.abc import Callable

from groundspan._estimate import CL100K, O200K, estimated
from groundspan._tokenizers import Encoding, Shelf
from token_texts import EVERYDAY, TEXTBOOK, UNSEEN

RATES = {"o200k_base": O200K, "cl100k_base": CL100K}
COLUMNS = {"everyday": EVERYDAY, "textbook": TEXTBOOK, "unseen": UNSEEN}
TIMED_CHARS = 12_000


def main() -> None:
    """Print a table and a line of times."""
    encoding: Encoding = "cl100k_base" if sys.argv[1:] == ["cl100k_base"] else "o200k_base"
    exact = Shelf("local", None).counting(encoding)
    if exact is None:
        sys.exit("bench/tokens.py needs a tokenizer to compare with: pip install groundspan[tokens]")

    def estimate(text: str) -> int:
        return estimated(text, RATES[encoding])

    def error(text: str) -> float:
        return 100 * (estimate(text) / exact(text) - 1)

    print(f"{encoding}: the estimate's error in %\n")
    print(" " * 14 + "".join(f"{name:>10}" for name in COLUMNS))
    for kind in EVERYDAY:
        print(f"{kind:14}" + "".join(f"{error(texts[kind]):+10.1f}" for texts in COLUMNS.values()))
    errors = [[error(text) for text in texts.values()] for texts in COLUMNS.values()]
    print(f"\n{'bias':14}" + "".join(f"{sum(each) / len(each):+10.1f}" for each in errors))
    print(f"{'mean absolute':14}" + "".join(f"{sum(map(abs, each)) / len(each):10.1f}" for each in errors))
    print(f"{'worst':14}" + "".join(f"{max(each, key=abs):+10.1f}" for each in errors))
    for kind in ("English", "Chinese"):
        times = f"tokenizer {_ns(exact, UNSEEN[kind]):.0f}, estimate {_ns(estimate, UNSEEN[kind]):.0f}"
        print(f"\nns a character, {kind}: {times}", end="")
    print()


def _ns(count: Callable[[str], int], text: str) -> float:
    """Time a long text; the best of five runs."""
    text *= TIMED_CHARS // len(text)
    times = []
    for _ in range(5):
        started_ns = time.perf_counter_ns()
        count(text)
        times.append(time.perf_counter_ns() - started_ns)
    return min(times) / len(text)


if __name__ == "__main__":
    main()

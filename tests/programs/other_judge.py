"""The `groundspan` command with judges of a test's own beside the lexical one, which take their time.

python tests/programs/other_judge.py score --judge slow --url …
"""

import sys
import threading
from dataclasses import dataclass
from typing import Any

from groundspan_collector import cli, judge_names, judges
from groundspan_collector.judges import Case, Judge, Ruling, Verdict

TAKES_S = {"slow": 0.02, "strict": 0.0, "strict-slow": 0.02}


@dataclass(frozen=True, slots=True)
class Other:
    """Rules as the lexical judge does, slowly; or, where it is strict, supports nothing."""

    within: Judge
    name: str
    version: str = "1"
    threshold: float = 0.5

    def judge(self, case: Case) -> Ruling:
        """Rule on *case*."""
        threading.Event().wait(TAKES_S[self.name])
        if not self.name.startswith("strict"):
            return self.within.judge(case)
        return Ruling([Verdict("unsupported", 0.0, None, "strict") for _ in case.claims], 1.0)


def main() -> int:
    """Run one command."""
    load = judge_names.load

    def load_other(name: str, *told: Any, **how: Any) -> Judge:
        return Other(judges.load("lexical"), name) if name in TAKES_S else load(name, *told, **how)

    judge_names.load = load_other
    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

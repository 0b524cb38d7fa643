"""The judge that needs no model: words, numbers, names and negation of a claim beside the context's."""

from dataclasses import dataclass

from groundspan_collector import evidence
from groundspan_collector.claims import Claim
from groundspan_collector.evidence import NAME, NOT, NUMBER, STOP, Index
from groundspan_collector.judges import CONTRADICTED, SUPPORTED, UNSUPPORTED, Case, Ruling, Verdict
from groundspan_collector.judges.alignment import align


@dataclass(frozen=True, slots=True)
class Lexical:
    """Weighs what can be counted about a claim."""

    name: str = "lexical"
    version: str = "lexical-0"
    threshold: float = 0.5

    def judge(self, case: Case) -> Ruling:
        """Rule on each claim; the answer is as doubtful as its worst claim."""
        verdicts = [_verdict(claim, case.context) for claim in case.claims]
        return Ruling(verdicts, max(1 - verdict.support for verdict in verdicts))


def _verdict(claim: Claim, context: Index) -> Verdict:
    said = list(evidence.words(claim.text))
    stems = {word.stem for word in said if word.kind != STOP}
    found = evidence.passages(context, stems, 1)
    if not found:
        return Verdict(UNSUPPORTED, 0.1, None, "no word of it is in the context")
    best = found[0]
    missing = [word for word in said if word.kind != STOP and word.stem not in best.stems]
    support = 1 - len(missing) / max(1, len(stems))
    for difference in align(said, best.words).differences:
        if difference.kind in (NUMBER, NOT, NAME) and support > 0.5:
            ours = " ".join(claim.text[w.start : w.end] for w in difference.said)
            theirs = " ".join(context.context[best.at.chunk][w.start : w.end] for w in difference.found)
            reason = f'"{ours}" in the answer, "{theirs}" in chunk {best.at.chunk}'
            return Verdict(CONTRADICTED, 0.1, best.at, reason)
    word = SUPPORTED if support > 0.5 else UNSUPPORTED
    return Verdict(word, round(support, 4), best.at, f"{len(missing)} of {len(stems)} words are missing")


def load() -> Lexical:
    """The judge as it is shipped."""
    return Lexical()

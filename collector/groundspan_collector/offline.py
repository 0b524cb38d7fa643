"""`groundspan judge`: a file of answers is judged without a collector, and measured where it carries labels."""

import contextlib
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from groundspan_collector import accuracy, judge_names
from groundspan_collector.errors import ConfigError, JudgeFailed, RejectedData
from groundspan_collector.judgement import Judgement, judge_answer, unjudged
from groundspan_collector.judges import Judge

Line = str | bytes


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the input; *label* is None where a line carries none."""

    id: str | int
    question: str
    context: tuple[str, ...]
    answer: str
    label: bool | None
    task: str


def run(
    source: str,
    output: str | None,
    judge_name: str,
    stdin: TextIO,
    stdout: TextIO,
    stderr: TextIO,
    *,
    threads: int = 1,
) -> int:
    """Judge the lines of *source* (``-`` is *stdin*) into *output* (None is *stdout*); 1 if any line was bad."""
    judge = judge_names.load(judge_name, threads=threads)
    with _input(source, stdin) as lines, _output(output, source, stdout) as sink:
        scored, bad = judge_file(lines, judge, sink, stderr)
    if scored:
        (stdout if output else stderr).write(accuracy.table(accuracy.figures(scored)) + "\n")
    return 1 if bad else 0


def judge_file(
    lines: Iterable[Line], judge: Judge, output: TextIO, errors: TextIO
) -> tuple[list[accuracy.Scored], int]:
    """Judge line by line; gives what was labelled, and how many lines were bad."""
    scored: list[accuracy.Scored] = []
    bad = 0
    for number, line in enumerate(_readable(lines), 1):
        try:
            item = parse(line)
        except RejectedData as reason:
            bad += 1
            errors.write(f"line {number}: {reason}\n")
            continue
        if item is None:
            continue
        judgement = _judged(item, judge)
        output.write(json.dumps(record(item, judgement)) + "\n")
        if item.label is not None:
            rank = judgement.ungrounded_probability
            scored.append(accuracy.Scored(item.label, judgement.ungrounded, rank, item.task))
    return scored, bad


def _judged(item: Item, judge: Judge) -> Judgement:
    try:
        return judge_answer(item.question, item.context, item.answer, judge)
    except JudgeFailed as failure:
        return unjudged(item.answer, str(failure))


def parse(line: Line | RejectedData) -> Item | None:
    """The item on one line, or None if the line is blank; raises RejectedData that says what was wrong with it."""
    if isinstance(line, RejectedData):
        raise line
    if not line.strip():
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as failure:
        raise RejectedData(f"not JSON: {failure}") from failure
    if not isinstance(found, dict):
        raise RejectedData(f"expected an object, got {_named(found)}")
    context = _field(found, "context", list)
    for place, chunk in enumerate(context):
        if not isinstance(chunk, str):
            raise RejectedData(f"context[{place}] must be a string, got {_named(chunk)}")
    return Item(
        id=_field(found, "id", str, int),
        question=_field(found, "question", str, default=""),
        context=tuple(context),
        answer=_field(found, "answer", str),
        label=_label(found.get("label")),
        task=_field(found, "task", str, default=""),
    )


REQUIRED = object()


def _field(found: dict[str, object], name: str, *kinds: type, default: object = REQUIRED) -> Any:
    """The value of a field; a missing one or null is *default*, where there is one."""
    value = found.get(name)
    if value is None:
        if default is REQUIRED:
            raise RejectedData(f'"{name}" is missing')
        return default
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise RejectedData(f'"{name}" must be {" or ".join(KINDS[kind] for kind in kinds)}, got {_named(value)}')
    return value


def _label(value: object) -> bool | None:
    if value is None:
        return None
    if value not in (0, 1):
        raise RejectedData(f'"label" must be 0 (grounded) or 1 (contains something ungrounded), got {_named(value)}')
    return bool(value)


KINDS = {str: "a string", int: "a number", float: "a number", bool: "a boolean", list: "an array", dict: "an object"}


def _named(value: object) -> str:
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return KINDS.get(type(value), "null")


def record(item: Item, judgement: Judgement) -> dict[str, object]:
    """One line of the output."""
    return {
        "id": item.id,
        "status": judgement.status,
        "ungrounded": judgement.ungrounded,
        "ungrounded_probability": judgement.ungrounded_probability,
        "claims": [
            {
                "text": judged.claim.text,
                "start": judged.claim.start,
                "end": judged.claim.end,
                "verdict": judged.verdict,
                "support": judged.support,
                "evidence": asdict(judged.evidence) if judged.evidence else None,
            }
            for judged in judgement.claims
        ],
    }


def _readable(lines: Iterable[Line]) -> Iterator[Line | RejectedData]:
    """*lines*; where the file cannot be read on (a cut gzip, not gzip at all) its last line is bad."""
    try:
        yield from lines
    except (EOFError, OSError, zlib.error, UnicodeDecodeError) as failure:
        yield RejectedData(f"the file cannot be read on: {failure}")


def _input(source: str, stdin: TextIO) -> contextlib.AbstractContextManager[Iterable[Line]]:
    if source == "-":
        # Bytes, so that one line that is not UTF-8 is one bad line.
        return contextlib.nullcontext(getattr(stdin, "buffer", stdin))
    try:
        return gzip.open(source, "rb") if source.endswith(".gz") else Path(source).open("rb")
    except OSError as failure:
        raise ConfigError(f"cannot read {source}: {failure.strerror}") from failure


def _output(output: str | None, source: str, stdout: TextIO) -> contextlib.AbstractContextManager[TextIO]:
    if output is None:
        return contextlib.nullcontext(stdout)
    target = Path(output)
    if source != "-" and target.exists() and target.samefile(source):
        raise ConfigError(f"--output {output} is the input file: give another name")
    try:
        return target.open("w", encoding="utf-8")
    except OSError as failure:
        raise ConfigError(f"cannot write {output}: {failure.strerror}") from failure

"""`groundspan label`: a person labels a sample of answers, one by one, or in a file."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO, TypeAlias

from groundspan_collector import client, escapes
from groundspan_collector.errors import CollectorError, ConfigError, RejectedData

Node: TypeAlias = Mapping[str, object]

KEYS: Final = "g grounded, u ungrounded, s skip, q quit"
COLUMNS: Final = ("id", "project", "input_hash", "question", "context", "answer", "label", "comment")
"""Of a file for others to label; only id and label are needed in one that comes back."""
GIVEN: Final = ("label", "comment", "input_hash", "project", "labeller")
LONGEST_CHUNK: Final = 4_000
"""Characters of a chunk on the screen; a longer one is cut to the part around its first mark, and says so."""
MOST_FILE_BYTES: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Collector:
    """Where answers are drawn, and labels are kept."""

    url: str
    token: str | None
    labeller: str

    def draw(self, wanted: Mapping[str, object]) -> list[Node]:
        """Draw answers; their ids and projects."""
        drawn = client.get(self.url, "/api/v1/labels/sample", wanted, token=self.token, method="POST")
        return _nodes(drawn, "answers")

    def answer(self, drawn: Node) -> Node:
        """What there is to see of an answer."""
        return client.get(self.url, self._path(drawn), {"project": drawn.get("project", "")}, token=self.token)

    def label(self, answer: Node) -> Node:
        """Keep the label that *answer* has."""
        given = {name: _text(answer, name) for name in GIVEN}
        given["labeller"] = given["labeller"] or self.labeller
        return client.get(self.url, self._path(answer), given, token=self.token, method="POST")

    def _path(self, answer: Node) -> str:
        return f"/api/v1/labels/answers/{_text(answer, 'id')}"


def ask(collector: Collector, wanted: Mapping[str, object], stdin: TextIO, stdout: TextIO) -> int:
    """Show one answer after the other, and keep what is said of each; 0 also where the person stops early."""
    drawn = collector.draw(wanted)
    if not drawn:
        stdout.write("no judged answer of this time is without a label: try a longer --since\n")
        return 0
    labels: list[Node] = []
    for number, each in enumerate(drawn, 1):
        answer = collector.answer(each)
        stdout.write(f"\nanswer {number} of {len(drawn)}\n{page(answer)}\n")
        key = _key(stdin, stdout)
        if key == "q":
            break
        if key != "s":
            labels.append(collector.label({**answer, "label": key}))
    stdout.write(_summary(labels, f" --since {wanted['since']}" if wanted.get("since") else ""))
    return 0


def page(answer: Node) -> str:
    """An answer beside its chunks for a terminal: nothing in it is obeyed, marked passages stand in »«. Pure."""
    lines = [f"question: {_shown(_text(answer, 'question')) or '(none was told)'}", ""]
    for number, chunk in enumerate(_nodes(answer, "chunks")):
        names = " ".join(dict.fromkeys(name for name in (_text(chunk, "id"), _text(chunk, "source")) if name))
        lines += [f"chunk {number} {_shown(names)}".rstrip(), _shown(_marked(chunk)), ""]
    lines += ["answer:", _shown(_text(answer, "answer")), ""]
    claims = [_shown(_text(claim, "text")) for claim in _nodes(answer, "claims")]
    return "\n".join([*lines, "its claims:", *(f"  {number}. {claim}" for number, claim in enumerate(claims, 1))])


def _marked(chunk: Node) -> str:
    text, marks = _text(chunk, "text"), chunk.get("marked")
    for mark in sorted(marks, reverse=True) if isinstance(marks, list) else []:
        start, end = mark
        text = f"{text[:start]}»{text[start:end]}«{text[end:]}"
    if len(text) <= LONGEST_CHUNK:
        return text
    start = max(0, min(text.find("»") - LONGEST_CHUNK // 4, len(text) - LONGEST_CHUNK))
    end = start + LONGEST_CHUNK
    return f"{'… ' * (start > 0)}{text[start:end]}{' …' * (end < len(text))} (of {len(text):,} characters)"


def _shown(text: str) -> str:
    """*text* in its own lines, with whatever a terminal would obey written out."""
    return "\n".join(escapes.visible(line) for line in text.split("\n"))


def _key(stdin: TextIO, stdout: TextIO) -> str:
    """What the person decides; the end of the input is to quit."""
    while True:
        stdout.write(f"\nDoes every claim stand on the chunks? ({KEYS}) > ")
        stdout.flush()
        line = stdin.readline()
        if not line:
            stdout.write("\n")
            return "q"
        key = line.strip().lower()[:1]
        if key and key in "gusq":
            return key
        stdout.write(f"please say one of: {KEYS}\n")


def _summary(labels: Sequence[Node], window: str = "") -> str:
    if not labels:
        return "nothing was labelled\n"
    ungrounded = sum(label.get("label") == "ungrounded" for label in labels)
    agreed = sum(bool(label.get("judge_agrees")) for label in labels)
    strangers = sum(not label.get("is_drawn") for label in labels)
    said = (
        f"{len(labels)} labelled: {len(labels) - ungrounded} grounded, {ungrounded} ungrounded; the judge says the "
        f"same of {agreed}\nthe corrected rate: groundspan report hallucination{window}\n"
    )
    if strangers:
        said += f"{strangers} of these answers were not drawn by `groundspan label`: they stand for no others\n"
    return said


def export(collector: Collector, wanted: Mapping[str, object], target: str, stdout: TextIO) -> int:
    """Write a sample to *target* (lines of JSON, or .csv) for others to label."""
    drawn = collector.draw(wanted)
    try:
        with Path(target).open("w", encoding="utf-8", newline="") as sink:
            write = _written(sink, is_csv=target.endswith(".csv"))
            for each in drawn:
                write(collector.answer(each))
    except OSError as failure:
        raise ConfigError(f"cannot write {target}: {failure.strerror}") from failure
    stdout.write(
        f"{len(drawn)} answers are in {target}: fill in label (g or u), then groundspan label --from {target}\n"
    )
    return 0


def _written(sink: TextIO, *, is_csv: bool) -> Callable[[Node], None]:
    """What writes one answer to *sink*."""
    if is_csv:
        writer = csv.writer(sink)
        writer.writerow(COLUMNS)
        return lambda answer: writer.writerow([_csv_cell(answer, name) for name in COLUMNS])

    def as_line(answer: Node) -> None:
        own = {name: _text(answer, name) for name in ("id", "project", "input_hash", "question")}
        line = own | {"context": _contexts(answer), "answer": _text(answer, "answer"), "label": None}
        sink.write(json.dumps(line, ensure_ascii=True) + "\n")

    return as_line


def _csv_cell(answer: Node, name: str) -> str:
    text = "\n\n".join(_contexts(answer)) if name == "context" else _text(answer, name)
    # No cell is taken for a formula; line breaks stand, as people read them.
    return "\n".join(escapes.spreadsheet(line) for line in text.split("\n"))


def _contexts(answer: Node) -> list[str]:
    return [_text(chunk, "text") for chunk in _nodes(answer, "chunks")]


def read(collector: Collector, source: str, stdin: TextIO, stdout: TextIO, stderr: TextIO) -> int:
    """Keep the labels of a file (- is standard input); 1 where a line was bad: the others are kept."""
    labels, bad = [], 0
    for number, item in _items(_file_text(source, stdin)):
        try:
            if isinstance(item, RejectedData):
                raise item
            if item.get("label") in {None, ""}:
                continue
            if not _text(item, "id"):
                raise RejectedData('"id" is missing')
            labels.append(collector.label(item))
        except ConfigError:
            raise
        except CollectorError as reason:
            bad += 1
            stderr.write(f"line {number}: {reason}\n")
    stdout.write(_summary(labels))
    return 1 if bad else 0


def _file_text(source: str, stdin: TextIO) -> str:
    try:
        if source == "-":
            return stdin.read(MOST_FILE_BYTES)
        if (size_bytes := Path(source).stat().st_size) > MOST_FILE_BYTES:
            raise ConfigError(f"{source} has {size_bytes} bytes, {MOST_FILE_BYTES} is the most: split it")
        return Path(source).read_text(encoding="utf-8-sig")
    except OSError as failure:
        raise ConfigError(f"cannot read {source}: {failure.strerror}") from failure
    except UnicodeDecodeError as failure:
        raise ConfigError(f"{source} is not UTF-8: {failure}") from failure


def _items(text: str) -> Iterator[tuple[int, Node | RejectedData]]:
    """The lines of a file, as JSON where it begins like that, as CSV with a header otherwise. Pure."""
    if text.lstrip()[:1] in {"{", "["}:
        yield from ((number, _json_item(line)) for number, line in enumerate(text.split("\n"), 1) if line.strip())
        return
    yield from _csv_items(text)


def _json_item(line: str) -> Node | RejectedData:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as failure:
        return RejectedData(f"not JSON: {failure}")
    return found if isinstance(found, dict) else RejectedData('expected an object like {"id": …, "label": "u"}')


def _csv_items(text: str) -> Iterable[tuple[int, Node | RejectedData]]:
    csv.field_size_limit(MOST_FILE_BYTES)
    # A spreadsheet of another country writes semicolons.
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    if not {"id", "label"} <= set(rows.fieldnames or ()):
        yield 1, RejectedData(f"a file of labels has the columns id and label, got {rows.fieldnames or 'nothing'}")
        return
    try:
        for row in rows:
            yield rows.line_num, {name: value for name, value in row.items() if isinstance(value, str)}
    except csv.Error as failure:
        yield rows.line_num, RejectedData(f"not CSV: {failure}")


def _text(node: Node, name: str) -> str:
    value = node.get(name)
    return "" if value is None else str(value)


def _nodes(node: Node, name: str) -> list[Node]:
    value = node.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

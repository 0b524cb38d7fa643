"""`groundspan label` beside a real collector: by hand, from a file, and what the report says before and after."""

import csv
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import otlp
import processes
import pytest
from processes import CollectorProcess

CHUNK = "The library opens at nine in the morning. Membership costs 30 dollars a year."
TRUE, FALSE = "The library opens at nine in the morning.", "Membership costs 45 dollars a year."
ANSWERS = 12


@dataclass(frozen=True, slots=True)
class Library:
    """A collector with judged answers, every third of them wrong."""

    collector: CollectorProcess
    wrong: set[str]

    def command(self, *arguments: str, said: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Run `groundspan` against the collector."""
        return subprocess.run(
            [sys.executable, "-m", "groundspan_collector", *arguments, "--url", self.collector.url],
            input=said,
            capture_output=True,
            text=True,
            timeout=processes.DEADLINE_S,
        )

    def rows(self) -> list[dict[str, object]]:
        """The hallucination report's rows, with a window that holds the answers."""
        return self.collector.rows("hallucination", by="project", since=SINCE, until=UNTIL)


SINCE, UNTIL = "2026-09-09", "2026-09-10"
WINDOW = ("--since", SINCE, "--until", UNTIL)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """One for all tests of this file, which run in their order."""
    with processes.collector(tmp_path_factory.mktemp("labelled"), "--grpc-port", "off") as running:
        wrong = set()
        for number in range(ANSWERS):
            text = FALSE if number % 3 == 0 else TRUE
            root = otlp.span(
                {"groundspan.stage": "pipeline", "input.value": "Tell me.", "output.value": text}, name="ask"
            )
            found = otlp.span(
                {"groundspan.stage": "retrieve", "gen_ai.retrieval.documents": json.dumps([{"content": CHUNK}])},
                name="search",
                trace_id=root.trace_id,
                parent=root.span_id,
            )
            assert running.send(otlp.body(root, found)).status == 200
            if text == FALSE:
                wrong.add(root.trace_id.hex())
        judged = {"by": "project", "since": SINCE, "until": UNTIL}
        processes.eventually(lambda: [row["judged"] for row in running.rows("hallucination", **judged)] == [ANSWERS])
        yield Library(running, wrong)


def test_report_says_what_it_assumes_before_anything_is_labelled(library: Library) -> None:
    """The judge's published error rates, by name, and with an interval."""
    (row,) = library.rows()
    table = library.command("report", "hallucination", "--by", "project", *WINDOW)

    assert (row["labels"], row["corrected_by"]) == (0, "published rates")
    assert row["ungrounded_answer_rate"] == pytest.approx(1 / 3)
    assert "assumes of the judge local" in table.stdout
    assert "as on the 391 answers that it was measured on" in table.stdout


def test_answers_are_labelled_by_hand_without_the_verdict(library: Library) -> None:
    """Question, chunk and answer are shown, marks included; keys that are none are asked again; q ends it."""
    done = library.command("label", "--answers", "3", "--seed", "7", "--labeller", "ann", *WINDOW, said="x\ns\ng\nq\n")

    assert (done.returncode, done.stderr) == (0, "")
    assert "answer 3 of 3" in done.stdout
    assert "please say one of: g grounded, u ungrounded, s skip, q quit" in done.stdout
    assert "»The library opens at nine in the morning.«" in done.stdout
    before_the_end = done.stdout.partition("labelled:")[0].lower()
    assert not [word for word in ("contradicted", "unsupported", "probability", "support ") if word in before_the_end]
    assert "1 labelled: 1 grounded, 0 ungrounded" in done.stdout


def test_answers_are_labelled_at_a_terminal(library: Library) -> None:
    """A person's keys, each with the enter key, on a pseudo-terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "groundspan_collector", "label", "--answers", "1", "--url", library.collector.url]
    with subprocess.Popen([*command, *WINDOW], stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = _until(ours, b"> ")
        os.write(ours, b"s\n")
        shown += _until(ours, b"nothing was labelled")
        assert process.wait(processes.DEADLINE_S) == 0
    os.close(ours)

    assert b"answer 1 of 1" in shown


def _until(terminal: int, wanted: bytes) -> bytes:
    """What a terminal shows up to *wanted*."""
    shown = b""
    while wanted not in shown:
        piece = os.read(terminal, 65536)
        assert piece, shown
        shown += piece
    return shown


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_sample_is_labelled_in_a_file(library: Library, tmp_path: Path, kind: str) -> None:
    """Exported, filled in by others, and read back; a bad line is named, and the others are kept."""
    target = tmp_path / f"sample.{kind}"
    exported = library.command("label", "--answers", "5", "--export", str(target), *WINDOW)
    filled = (_filled_in_json if kind == "jsonl" else _filled_in_csv)(target, library.wrong)
    done = library.command("label", "--from", str(target), "--labeller", "bob")

    assert (exported.returncode, exported.stderr) == (0, "")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{filled} labelled:" in done.stdout
    assert f"the judge says the same of {filled}" in done.stdout

    (tmp_path / "bad").write_text('{"id": "nobody", "label": "u"}\n\nnonsense\n{"id": "x", "label": null}\n')
    bad = library.command("label", "--from", str(tmp_path / "bad"))
    assert bad.returncode == 1
    assert "line 1: no judged answer has the id 'nobody'" in bad.stderr
    assert "line 3: not JSON" in bad.stderr


def _filled_in_json(target: Path, wrong: set[str]) -> int:
    items = [json.loads(line) for line in target.read_text().splitlines()]
    assert all(item["context"] == [CHUNK] and item["label"] is None for item in items)
    lines = [{"id": item["id"], "label": int(item["id"] in wrong)} for item in items]
    target.write_text("\n".join(map(json.dumps, lines)))
    return len(lines)


def _filled_in_csv(target: Path, wrong: set[str]) -> int:
    with target.open(newline="") as source:
        items = list(csv.DictReader(source))
    assert all(item["context"] == CHUNK for item in items)
    with target.open("w", newline="") as sink:
        writer = csv.DictWriter(sink, items[0], delimiter=";")
        writer.writeheader()
        writer.writerows(item | {"label": "u" if item["id"] in wrong else "g"} for item in items)
    return len(items)


def test_report_has_the_corrected_rate_after_labelling(library: Library) -> None:
    """Beside the raw one, with its interval, in each format."""
    (row,) = library.rows()
    formats = {
        kind: library.command("report", "hallucination", "--by", "project", "--format", kind, *WINDOW).stdout
        for kind in ("table", "md", "csv", "json")
    }

    labelled = row["labels"]
    assert isinstance(labelled, int)
    assert labelled >= 10
    assert row["corrected_by"] == "labels"
    assert isinstance(row["corrected_answer_rate"], float)
    assert f"prediction-powered estimate from {'labels'}" in formats["table"]
    assert "corrected_answer_rate" in formats["md"]
    (from_csv,) = csv.DictReader(formats["csv"].splitlines())
    assert float(from_csv["corrected_answer_rate_high"]) == row["corrected_answer_rate_high"]
    assert json.loads(formats["json"])["rows"] == [row]

"""`groundspan judge` reads answers line by line, writes judgements, and tells bad lines from good."""

import gzip
import io
import json
from pathlib import Path

import pytest
from groundspan_collector import offline
from groundspan_collector.errors import ConfigError

GOOD = {
    "id": "a",
    "question": "How many?",
    "context": ["The buffer holds 64 entries."],
    "answer": "The buffer holds 64 entries.",
}
WRONG = GOOD | {"id": "b", "answer": "The buffer holds 99 entries."}


def run(*lines: object, output: str | None = None) -> tuple[int, list[dict[str, object]], str, str]:
    """Exit code, output records, standard output and standard error for *lines* on standard input."""
    stdin = io.StringIO("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    stdout, stderr = io.StringIO(), io.StringIO()
    code = offline.run("-", output, "lexical", stdin, stdout, stderr)
    written = Path(output).read_text(encoding="utf-8") if output else stdout.getvalue()
    return code, [json.loads(line) for line in written.splitlines()], stdout.getvalue(), stderr.getvalue()


def test_a_record_has_exactly_the_fields_that_are_documented() -> None:
    """Names and shapes are a contract."""
    _, (record,), _, _ = run(GOOD)

    assert record == {
        "id": "a",
        "status": "judged",
        "ungrounded": False,
        "ungrounded_probability": record["ungrounded_probability"],
        "claims": [
            {
                "text": "The buffer holds 64 entries.",
                "start": 0,
                "end": 28,
                "verdict": "supported",
                "support": record["claims"][0]["support"],  # type: ignore[index]
                "evidence": {"chunk": 0, "start": 0, "end": 28},
            }
        ],
    }


def test_a_wrong_answer_is_ungrounded_with_a_higher_probability() -> None:
    """The decision and the rank go the same way."""
    _, (good, wrong), _, _ = run(GOOD, WRONG)

    assert (good["ungrounded"], wrong["ungrounded"]) == (False, True)
    assert str(good["ungrounded_probability"]) < str(wrong["ungrounded_probability"])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "not JSON"),
        ("nonsense", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("3", "expected an object, got 3"),
        ("null", "expected an object, got null"),
        ('["a"]', "expected an object, got an array"),
        ({"id": "a", "context": ["x"]}, '"answer" is missing'),
        ({"id": "a", "answer": "x"}, '"context" is missing'),
        ({"context": ["x"], "answer": "x"}, '"id" is missing'),
        (GOOD | {"answer": 3}, '"answer" must be a string, got 3'),
        (GOOD | {"context": "x"}, '"context" must be an array, got a string'),
        (GOOD | {"context": ["x", None]}, "context[1] must be a string, got null"),
        (GOOD | {"id": [1]}, '"id" must be a string or a number, got an array'),
        (GOOD | {"question": 5}, '"question" must be a string, got 5'),
        (GOOD | {"label": 2}, '"label" must be 0'),
        (GOOD | {"label": "1"}, '"label" must be 0'),
        (GOOD | {"task": ["qa"]}, '"task" must be a string'),
    ],
)
def test_a_bad_line_is_reported_with_its_number_and_skipped(line: object, complaint: str) -> None:
    """The lines around it are judged, and the exit code says that one was bad."""
    code, records, _, stderr = run(GOOD, line, WRONG)

    assert (code, [record["id"] for record in records]) == (1, ["a", "b"])
    assert stderr.startswith("line 2: ")
    assert complaint in stderr


def test_blank_lines_are_nothing() -> None:
    """An empty line at the end of a file is no bad line, but it counts as a line."""
    code, records, _, stderr = run("", GOOD, "  ", "{")

    assert (code, len(records)) == (1, 1)
    assert stderr.startswith("line 4: ")


def test_null_stands_for_absent_where_a_field_is_optional() -> None:
    """Question, task and label may be null."""
    code, _, _, stderr = run(GOOD | {"question": None, "task": None, "label": None})

    assert (code, stderr) == (0, "")


def test_figures_go_to_standard_error_when_records_go_to_standard_output() -> None:
    """Records stay parseable in a pipe."""
    _, records, _, stderr = run(GOOD | {"label": 0, "task": "qa"}, WRONG | {"label": 1, "task": "qa"})

    assert len(records) == 2
    assert [line.split()[0] for line in stderr.splitlines()] == ["task", "all", "qa"]


def test_figures_go_to_standard_output_when_records_go_to_a_file(tmp_path: Path) -> None:
    """The table is what a person waits for."""
    _, records, stdout, stderr = run(GOOD | {"label": 0}, WRONG | {"label": True}, output=str(tmp_path / "out.jsonl"))

    assert (len(records), stderr) == (2, "")
    assert stdout.splitlines()[1].split()[:3] == ["all", "2", "1"]


def test_there_are_no_figures_when_no_line_has_a_label() -> None:
    """Nothing is measured without labels."""
    assert run(GOOD)[3] == ""


def test_answers_that_are_not_judged_count_in_the_figures() -> None:
    """Every labelled line is measured, at its false and 0.0."""
    _, _, _, stderr = run(GOOD | {"label": 1, "context": []})

    assert stderr.splitlines()[1].split()[:3] == ["all", "1", "1"]


def test_a_lone_surrogate_is_written_as_it_was_read() -> None:
    """What JSON can hold, the output can hold."""
    _, (record,), _, _ = run(GOOD | {"answer": "The buffer \ud800 holds 64 entries."})

    assert "\ud800" in record["claims"][0]["text"]  # type: ignore[index]


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
def test_a_file_is_read_when_it_is_plain_or_gzip(tmp_path: Path, name: str) -> None:
    """The ending tells which."""
    source, data = tmp_path / name, json.dumps(GOOD).encode() + b"\n\xff\n"
    source.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    stdout, stderr = io.StringIO(), io.StringIO()

    code = offline.run(str(source), None, "lexical", io.StringIO(), stdout, stderr)

    assert (code, stdout.getvalue().count("\n")) == (1, 1)
    assert stderr.getvalue().startswith("line 2: not JSON")


def test_a_cut_gzip_file_is_judged_as_far_as_it_goes(tmp_path: Path) -> None:
    """A broken end is one bad line, not a traceback."""
    source = tmp_path / "cut.jsonl.gz"
    source.write_bytes(gzip.compress((json.dumps(GOOD) + "\n").encode() * 50)[:-12])
    stderr = io.StringIO()

    assert offline.run(str(source), None, "lexical", io.StringIO(), io.StringIO(), stderr) == 1
    assert "the file cannot be read on" in stderr.getvalue()


@pytest.mark.parametrize(
    ("source", "output", "complaint"),
    [
        ("absent.jsonl", None, "cannot read"),
        ("in.jsonl", "no/such/folder/out", "cannot write"),
        ("in.jsonl", "in.jsonl", "is the input file"),
    ],
)
def test_the_command_refuses_when_a_file_cannot_be_used(
    tmp_path: Path, source: str, output: str | None, complaint: str
) -> None:
    """The message names the file, and nothing is overwritten."""
    (tmp_path / "in.jsonl").write_text(json.dumps(GOOD), encoding="utf-8")
    target = str(tmp_path / output) if output else None

    with pytest.raises(ConfigError, match=complaint):
        offline.run(str(tmp_path / source), target, "lexical", io.StringIO(), io.StringIO(), io.StringIO())

    assert (tmp_path / "in.jsonl").read_text(encoding="utf-8") == json.dumps(GOOD)

"""A judge of somebody else's, in a distribution of its own that is really installed."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from groundspan_collector import judge_names, judge_settings
from groundspan_collector.errors import ConfigError, JudgeFailed
from groundspan_collector.judge_settings import JudgeSettings
from groundspan_collector.judgement import judge_answer

DOCS = (Path(__file__).parents[3] / "docs" / "judges.md").read_text(encoding="utf-8")
TEXT = "The buffer holds 64 entries."

MODULE = """
from groundspan_collector.errors import JudgeFailed
from groundspan_collector.evidence import Evidence
from groundspan_collector.judges import Ruling, Verdict


class Mine:
    version, threshold = "7", 0.5

    def __init__(self, options):
        if options == "refused":
            raise LookupError("no such model")
        self.name = f"mine:{options}"
        self.options = options

    def judge(self, case):
        one = Verdict("supported", 0.75, Evidence(0, 0, 3), self.options)
        match self.options:
            case "raises":
                raise ZeroDivisionError("by nothing")
            case "fails":
                raise JudgeFailed("too tired")
            case "says None":
                return None
            case "leaves out":
                return Ruling([], 0.0)
            case "another word":
                return Ruling([Verdict("true", 0.75, None, "") for _ in case.claims], 0.0)
            case "beyond 1":
                return Ruling([Verdict("supported", 1.5, None, "") for _ in case.claims], 0.0)
            case "not a number":
                return Ruling([one for _ in case.claims], float("nan"))
            case "no such place":
                return Ruling([Verdict("supported", 0.5, Evidence(9, 0, 1), "") for _ in case.claims], 0.0)
        return Ruling([one for _ in case.claims], 0.25)


def nothing(options):
    return object()
"""
ENTRY_POINTS = (
    "[groundspan.judges]\nmine = judge_of_mine:Mine\nnothing = judge_of_mine:nothing\ngone = judge_of_mine:gone\n"
)


def _install(folder: Path, module: str = "judge_of_mine", code: str = MODULE, entry_points: str = ENTRY_POINTS) -> Path:
    """A distribution as an installer leaves it."""
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / f"{module}.py").write_text(code)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    return folder


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(_install(tmp_path / "site")))


@pytest.mark.usefixtures("_installed")
def test_a_judge_is_made_with_what_stands_behind_the_colon() -> None:
    """All of it, colons too."""
    judge = judge_names.load("mine:a:b", JudgeSettings())

    judgement = judge_answer("", [TEXT], TEXT, judge)

    assert (judge.name, judge.version, judge.threshold) == ("mine:a:b", "7", 0.5)
    assert [(claim.verdict, claim.reason) for claim in judgement.claims] == [("supported", "a:b")]
    assert judgement.ungrounded_probability == 0.25


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("raises", r"mine:raises failed: ZeroDivisionError\('by nothing'\)"),
        ("fails", "too tired"),
        ("says None", "failed: AttributeError"),
        ("leaves out", "0 verdicts for 1 claims"),
        ("another word", "the verdict 'true'"),
        ("beyond 1", "a support of 1.5"),
        ("not a number", "an ungrounded_probability of nan"),
        ("no such place", "evidence where no text is"),
    ],
)
def test_what_a_judge_does_wrong_is_a_failure_to_judge(options: str, reason: str) -> None:
    """Whatever it is, with the reason; nothing of it is stored as a verdict."""
    judge = judge_names.load(f"mine:{options}", JudgeSettings())

    with pytest.raises(JudgeFailed, match=reason):
        judge_answer("", [TEXT], TEXT, judge)


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("mine:refused", r"'mine' \(judge_of_mine:Mine\) cannot be made with 'refused': LookupError"),
        ("nothing", "'nothing' .* cannot be made"),
        ("gone", "'gone' .* cannot be made with ''.*AttributeError"),
        ("other", "no judge is called 'other'.*installed are gone, mine, nothing"),
    ],
)
def test_a_judge_that_cannot_be_made_is_refused_at_the_start(name: str, reason: str) -> None:
    """And says which there are."""
    with pytest.raises(ConfigError, match=reason):
        judge_names.load(name, JudgeSettings())


@pytest.mark.usefixtures("_installed")
def test_a_judge_of_ones_own_stands_in_a_cascade() -> None:
    """With a band that is said."""
    judge = judge_names.load("mine:x[0.1,0.7]>lexical", JudgeSettings())

    assert judge_answer("", [TEXT], TEXT, judge).claims[0].reason == "x"


@pytest.mark.parametrize(
    ("name", "answer", "verdict"),
    [("exact", TEXT.upper(), "supported"), ("exact:strict", TEXT, "supported"), ("exact", "It is old.", "unsupported")],
)
def test_the_judge_in_the_docs_judges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, answer: str, verdict: str
) -> None:
    """Written to a file and offered as the page says."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCS, flags=re.DOTALL)
    (offered,) = re.findall(r"```toml\n(.*?)```", DOCS, flags=re.DOTALL)
    ((group, entries),) = tomllib.loads(offered)["project"]["entry-points"].items()
    site = _install(tmp_path / "docs", "my_judges", code, f"[{group}]\n" + "\n".join(map(" = ".join, entries.items())))
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "my_judges", raising=False)

    (claim,) = judge_answer("", [TEXT], answer, judge_names.load(name, JudgeSettings())).claims

    assert claim.verdict == verdict


def test_every_setting_of_a_judge_is_in_the_docs() -> None:
    """And none that is not there."""
    source = Path(judge_settings.__file__).read_text(encoding="utf-8")
    names = set(re.findall(r"GROUNDSPAN_(?:LLM|CROSS_ENCODER)_[A-Z_]+", source))

    assert names == set(re.findall(r"^\| `(GROUNDSPAN_\w+)` \|", DOCS, re.MULTILINE))


def test_the_command_judges_with_an_installed_judge(tmp_path: Path) -> None:
    """From the command line, as a person does."""
    site = _install(tmp_path / "site")
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    line = json.dumps({"id": "a", "context": [TEXT], "answer": TEXT})

    told = subprocess.run(
        [sys.executable, "-m", "groundspan_collector", "judge", "-", "--judge", "mine:raises"],
        input=line,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": path},
    )

    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["status"] == "unjudged"

"""One run of the demo: every question to every version of the application."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import groundspan as gs
from openai import OpenAI
from tqdm import tqdm  # type: ignore[import-untyped]

from groundspan_demo.answerer import Careless, Faithful, Planted
from groundspan_demo.app import DocsAssistant
from groundspan_demo.chat import ChatModel, OpenAIChat, SimulatedChat
from groundspan_demo.corpus import Passage, passages
from groundspan_demo.index import Index, build_index
from groundspan_demo.questions import QUESTIONS, QUESTIONS_PER_SESSION, USERS, Question, answerable
from groundspan_demo.settings import Settings
from groundspan_demo.tokens import Tokenizer, load_tokenizer

ANSWERERS = {"v1": Faithful, "v2": Careless}


@dataclass(frozen=True, slots=True)
class Material:
    """What all versions share: the documents, their index, the tokenizer, and the questions."""

    corpus: list[Passage]
    index: Index
    tokenizer: Tokenizer
    questions: list[Question]

    def relevant(self, question: Question) -> list[str]:
        """Return the ids of the chunks that answer *question*."""
        return [passage.id for passage in self.corpus if passage.object in question.objects]


@dataclass(frozen=True, slots=True)
class Run:
    """Where the spans go, and what makes this run like the one before."""

    endpoint: str
    seed: int
    settings: Settings = field(default_factory=Settings.from_env)

    @property
    def simulated(self) -> bool:
        """Tell whether the built-in answerer answers, for want of a key to a real model."""
        return self.settings.openai_api_key is None


def prepare(settings: Settings, max_questions: int | None) -> Material:
    """Read the documentation, index it, and choose the questions that it can be asked."""
    corpus = passages()
    if not corpus:
        raise SystemExit("The standard library has no docstrings here: run Python without -OO")
    documented = frozenset(passage.object for passage in corpus)
    return Material(
        corpus,
        build_index(corpus, settings.cache_dir),
        load_tokenizer(settings.tiktoken_cache_dir),
        answerable(QUESTIONS, documented)[:max_questions],
    )


def ask_all(run: Run, material: Material, version: str) -> list[tuple[Question, Planted]]:
    """Ask one version of the application everything, and return the mistakes that it was made to make."""
    answerer = ANSWERERS[version](run.seed)
    model = _model(run, material.tokenizer, version, answerer)
    app = DocsAssistant(material.index, material.tokenizer, model)
    with _traced(run.endpoint, version):
        # disable=None: no bar where standard error is no terminal.
        for number, question in enumerate(tqdm(material.questions, desc=version, disable=None)):
            user = USERS[number // QUESTIONS_PER_SESSION % len(USERS)]
            session = f"{version}-{number // QUESTIONS_PER_SESSION}"
            with gs.context(session=session, user=user.name, region=user.region):
                app.ask(question.text, relevant=material.relevant(question))
    by_text = {question.text: question for question in material.questions}
    planted = answerer.planted if isinstance(answerer, Careless) else []
    return [(by_text[each.question], each) for each in planted]


def write_planted(file: Path, version: str, planted: Sequence[tuple[Question, Planted]]) -> None:
    """Append the mistakes to *file*, one JSON object a line."""
    with file.open("a", encoding="utf-8") as lines:
        for question, each in planted:
            line = {"question_id": question.id, "version": version, **asdict(each)}
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")


@contextmanager
def _traced(endpoint: str, version: str) -> Iterator[None]:
    gs.init(service_name="groundspan-demo", endpoint=endpoint, project="demo", version=version, environment="demo")
    try:
        yield
        if not gs.flush():
            raise SystemExit(f"Not all spans of {version} reached {endpoint}: is a collector listening there?")
    finally:
        gs.shutdown()


def _model(run: Run, tokenizer: Tokenizer, version: str, answerer: Faithful) -> ChatModel:
    if run.simulated:
        return SimulatedChat(answerer, tokenizer, version)
    client = OpenAI(api_key=run.settings.openai_api_key, base_url=run.settings.openai_base_url)
    return OpenAIChat(client, run.settings.openai_model, version)

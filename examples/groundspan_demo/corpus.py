"""The documents: docstrings of the standard library of whatever interpreter runs this, cut into passages."""

import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TypedDict

MODULES = (
    *("base64", "bisect", "collections", "contextlib", "copy", "csv", "dataclasses", "difflib", "functools"),
    *("graphlib", "heapq", "hmac", "html", "itertools", "json", "math", "os.path", "queue", "random", "re"),
    *(
        "secrets",
        "shlex",
        "shutil",
        "statistics",
        "subprocess",
        "tempfile",
        "textwrap",
        "threading",
        "timeit",
    ),
    "urllib.parse",
)
MAX_CHARS = 700
MIN_CHARS = 40

_BLANK_LINES = re.compile(r"\n\s*\n")
_NO_PROSE = re.compile(r"^(\s|[-*+>|=]|\d+[.)])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of one docstring, small enough to embed, that says whose docstring it is."""

    id: str
    text: str
    module: str
    object: str


class Chunk(TypedDict):
    """A passage that was retrieved, in the shape that the SDK reads: how near it is, and what it is about."""

    id: str
    text: str
    score: float
    metadata: dict[str, str]


def passages(modules: tuple[str, ...] = MODULES) -> list[Passage]:
    """Collect the passages of *modules* in an order that every run repeats."""
    found: list[Passage] = []
    described: set[str] = set()
    for module_name in modules:
        for name, docstring in _docstrings(importlib.import_module(module_name), module_name):
            # What json.load says of json.loads word by word is found there.
            if len(docstring) >= MIN_CHARS and docstring not in described:
                described.add(docstring)
                found.extend(_cut(module_name, name, docstring))
    return found


def _docstrings(module: ModuleType, module_name: str) -> Iterator[tuple[str, str]]:
    things = _public(module)
    for name, thing in things.items():
        if inspect.isroutine(thing):
            yield f"{module_name}.{name}", inspect.getdoc(thing) or ""
    # Classes come last: random.choice is a method of random.Random, and known by its shorter name.
    for name, thing in things.items():
        if inspect.isclass(thing) and not issubclass(thing, BaseException):
            yield f"{module_name}.{name}", inspect.cleandoc(thing.__doc__ or "")
            yield from _methods(thing, f"{module_name}.{name}")


def _public(module: ModuleType) -> dict[str, object]:
    members = vars(module)
    names = getattr(module, "__all__", None) or [name for name in members if not name.startswith("_")]
    found = {name: members[name] for name in sorted(names) if name in members}
    # An alias (bisect.insort is bisect.insort_right) goes by its own name.
    return {name: thing for name, thing in found.items() if _own_name(thing, name) not in found.keys() - {name}}


def _own_name(thing: object, fallback: str) -> str:
    return str(getattr(thing, "__name__", fallback))


def _methods(owner: type, owner_name: str) -> Iterator[tuple[str, str]]:
    for name, method in sorted(vars(owner).items()):
        if not name.startswith("_") and inspect.isroutine(method):
            # The method's own words: what it inherits is described where it was written.
            yield f"{owner_name}.{name}", inspect.cleandoc(method.__doc__ or "")


def _cut(module: str, name: str, docstring: str) -> Iterator[Passage]:
    for number, body in enumerate(_bodies(docstring)):
        yield Passage(f"{name}#{number}", f"{name}\n{body}", module, name)


def _bodies(docstring: str) -> Iterator[str]:
    """Yield the docstring's paragraphs, as many at a time as fit into a passage."""
    body = ""
    for paragraph in _paragraphs(docstring):
        if body and len(body) + len(paragraph) > MAX_CHARS:
            yield body
            body = ""
        body = f"{body}\n\n{paragraph}" if body else paragraph
    if body:
        yield body


def _paragraphs(docstring: str) -> Iterator[str]:
    for paragraph in _BLANK_LINES.split(docstring):
        if _NO_PROSE.search(paragraph):
            # Lists and examples keep their lines.
            yield paragraph[:MAX_CHARS]
        else:
            yield from textwrap.wrap(" ".join(paragraph.split()), MAX_CHARS)

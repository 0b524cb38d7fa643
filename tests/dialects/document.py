"""Write docs/dialects.md: python tests/dialects/document.py > docs/dialects.md

The keys are those of decode/dialects.py; the rows at the end are what the golden requests become.
"""

import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import golden_requests
from groundspan_collector.decode import dialects, stages
from groundspan_collector.store import Store

HEAD = """# Dialects

What an emitter writes becomes the columns of the table `spans`, whichever convention it follows. This page is written
from the table that the collector itself decodes by (`python tests/dialects/document.py > docs/dialects.md`).

A dialect is known by a mark: an attribute, the first word of one (with its dot), or an instrumentation scope. The first
that is found is stored in the column `dialect`.
"""
KEYS = """
## Keys

From left to right the first key that has a value is taken. `resource K` is an attribute of the resource, `E K` the
attribute K of the span event E, `K N` the number called N in the JSON text of attribute K. Numbered attributes
(`llm.input_messages.N.*`, `gen_ai.prompt.N.*`, `retrieval.documents.N.*`) are read in the order of their numbers,
however many there are. NAME is any word that
no column is read from. Chunks are also read from the span events `db.query.result` and `db.search.result`, and from
the result of a retriever where a convention has no other place for them.

Input tokens include cached ones. Where the parts are larger than the whole, or the emitter counts in separate buckets
(Langfuse's `input`; the AI SDK before 6, for models of Anthropic and of Bedrock), the cached ones are added and
`tokens_normalized` is true.
"""
WORDS = """
## Stages

The word of the operation decides; of a wrapper and the call inside it, the call is counted.
"""
ROWS = """
## The same call in each dialect

One chat, traced by real libraries (recorded by `make compat`), as it is stored and priced.
"""


def page(store: Store) -> str:
    """The page; *store* takes the golden requests, each as a project of its own name."""
    marks = _table(("dialect", "marks"), ((each.name, _code(each.marks)) for each in dialects.DIALECTS))
    segments = ("segments", _code(f"{prefix}NAME" for prefix in dialects.SEGMENT_PREFIXES))
    columns = ((_column(each), _code(each.ordered)) for each in dialects.COLUMNS)
    keys = _table(("column", "keys"), (*columns, segments))
    stage_words = ((stage, _code(_words(stage))) for stage in stages.STAGES if _words(stage))
    return "\n".join([HEAD, marks, KEYS, keys, WORDS, _table(("stage", "words"), stage_words), ROWS, _rows(store)])


def _column(column: dialects.Column) -> str:
    return f"{column.part_of} ({column.name})" if column.part_of else column.name


def _words(stage: str) -> tuple[str, ...]:
    return tuple(word for word, meant in stages.STAGE_OF.items() if meant == stage)


def _rows(store: Store) -> str:
    head = ("program", "dialect", "model", "input", "output", "cached", "cost", "chunks", "answer")
    return _table(head, (_row(store, program) for program in golden_requests.PROGRAMS))


def _row(store: Store, program: str) -> Sequence[str]:
    rows = golden_requests.replay(store, program, program)
    call = golden_requests.first_call(rows)
    _, answer, passages = golden_requests.first_answer(store, program, rows)
    calls = golden_requests.priced_calls(store, program)
    cost = next(str(each["cost_usd"]) for each in calls if each["trace_id"] == call["trace_id"] and each["cost_usd"])
    tokens = (str(call[name]) for name in ("input_tokens", "output_tokens", "cache_read_tokens"))
    retrieved = str(len(passages)) if program in golden_requests.RETRIEVING else "none retrieved"
    return (program, call["dialect"], call["model"], *tokens, f"${cost.rstrip('0')}", retrieved, answer)


def _code(items: Iterable[str]) -> str:
    return ", ".join(f"`{item}`" for item in items)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Print the page, made with a store of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        store = Store.open(Path(folder), memory_bytes=1 << 30)
        text = page(store)
        store.close()
        os.chdir("/")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()

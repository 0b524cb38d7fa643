"""Answers that were given elsewhere, told again through the decorators: replay.py ENDPOINT FILE.jsonl.gz."""

import gzip
import json
import sys
from typing import Any

import groundspan as gs


@gs.retrieve
def retrieve(query: str, context: list[str]) -> list[str]:
    """The passages that the model was given."""
    del query
    return context


@gs.pipeline
def ask(question: str, row: dict[str, Any]) -> str:
    """Answer as the model did."""
    retrieve(question, row["context"])
    generate = gs.generate(model=row["meta"]["generator"])(lambda: str(row["answer"]))
    return generate()


def main(endpoint: str, file: str) -> None:
    """Replay every line of *file*."""
    gs.init(service_name="replay", endpoint=endpoint, project="replay", version="1")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            ask(row["question"] or "Summarise this.", row)
    gs.flush()
    gs.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])

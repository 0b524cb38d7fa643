"""Which spans are paid for: each call once, whoever wraps it."""

from datetime import UTC, datetime

import otlp
import pytest
import stored
from groundspan_collector.store import Store

EVERY_STORE = True

NAMED: dict[str, otlp.Value] = {"gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
USED: dict[str, otlp.Value] = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 2}
STAGES = ("pipeline", "agent", "retrieve", "rerank", "embed", "generate", "tool")
COUNTED: dict[str, otlp.Value] = USED | {"groundspan.tokens.source": "estimate"}
Node = tuple[str, str, dict[str, otlp.Value]]
"""Name, its parent's name, attributes; the stage is the name's first word."""


def _counted(store: Store, project: str, *nodes: Node) -> list[str]:
    """The names of the spans of one trace that are paid for."""
    trace_id, ids = otlp.new_trace_id(), {name: otlp.new_span_id() for name, _, _ in nodes}
    spans = [
        otlp.span(
            {"groundspan.stage": name.partition(" ")[0]} | attributes,
            name=name,
            trace_id=trace_id,
            span_id=ids[name],
            parent=ids.get(parent, otlp.new_span_id()) if parent else b"",
        )
        for name, parent, attributes in nodes
    ]
    stored.insert(store, project, *spans)
    rows = store.rows(
        "SELECT span_id FROM model_calls(project = {project:String}, suspects = true, since = {since:DateTime64(9)}, "
        "until = {until:DateTime64(9)})",
        {"project": project, "since": datetime(2026, 1, 1, tzinfo=UTC), "until": datetime(2027, 1, 1, tzinfo=UTC)},
    )
    names = {span_id.hex(): name for name, span_id in ids.items()}
    return sorted(names[str(row["span_id"])] for row in rows)


@pytest.mark.parametrize(
    ("nodes", "counted"),
    [
        ([("generate", "", NAMED | USED)], ["generate"]),
        ([("generate", "", NAMED)], ["generate"]),
        ([("generate", "", USED)], ["generate"]),
        ([("rerank", "", {}), ("embed", "", {}), ("generate", "", {})], []),
        ([(stage, "", NAMED | USED) for stage in STAGES], ["embed", "generate", "rerank"]),
        ([("generate out", "", NAMED | USED), ("generate in", "generate out", NAMED | USED)], ["generate in"]),
        ([("generate out", "", NAMED | USED), ("generate in", "generate out", NAMED)], ["generate out"]),
        ([("generate out", "", NAMED), ("generate in", "generate out", NAMED)], ["generate in"]),
        ([("generate", "", NAMED | COUNTED)], ["generate"]),
        ([("embed", "", COUNTED), ("generate", "", COUNTED)], []),
        ([("generate out", "", NAMED | USED), ("generate in", "generate out", NAMED | COUNTED)], ["generate out"]),
        ([("generate out", "", NAMED | COUNTED), ("generate in", "generate out", NAMED | USED)], ["generate in"]),
        ([("generate out", "", NAMED | COUNTED), ("generate in", "generate out", NAMED | COUNTED)], ["generate in"]),
        ([("generate out", "", NAMED | COUNTED), ("generate in", "generate out", NAMED)], ["generate out"]),
        (
            [("generate a", "", NAMED | USED), ("generate b", "generate a", NAMED), ("generate c", "generate b", USED)],
            ["generate c"],
        ),
        (
            [("generate a", "", NAMED | USED), ("tool", "generate a", {}), ("generate b", "tool", NAMED | USED)],
            ["generate b"],
        ),
        (
            [("generate a", "", NAMED | USED), *((f"generate {n}", "generate a", NAMED | USED) for n in (1, 2))],
            ["generate 1", "generate 2"],
        ),
        (
            [("generate a", "", NAMED | USED), ("generate 1", "generate a", USED), ("generate 2", "generate a", NAMED)],
            ["generate 1", "generate 2"],
        ),
        ([("generate", "", NAMED | USED), ("embed", "generate", NAMED | USED)], ["embed", "generate"]),
        ([("embed", "", NAMED | USED), ("generate", "embed", NAMED | USED)], ["embed", "generate"]),
        ([("generate a", "", NAMED | USED), ("generate b", "", NAMED | USED)], ["generate a", "generate b"]),
        ([("generate orphan", "never received", NAMED | USED)], ["generate orphan"]),
    ],
    ids=[
        "a call", "without usage", "without a name", "functions that call no model", "stages that are calls",
        "a wrapper", "usage on the wrapper only", "usage on neither", "counted", "counted without a name",
        "counted inside", "counted on the wrapper", "both counted", "only the wrapper counted", "three deep",
        "through a tool", "a wrapper of two", "a wrapper of two, one without usage",
        "embed in generate", "generate in embed", "siblings", "orphan",
    ],
)  # fmt: skip
def test_call_is_counted_once(store: Store, project: str, nodes: list[Node], counted: list[str]) -> None:
    """Of a wrapper and the call inside it, the inner one counts, unless only the outer has usage."""
    assert _counted(store, project, *nodes) == counted


def test_call_is_counted_when_it_is_its_own_ancestor(store: Store, project: str) -> None:
    """A broken emitter is not a free one, and the query ends."""
    nodes: list[Node] = [
        ("generate own parent", "generate own parent", NAMED | USED),
        ("generate a", "generate b", NAMED | USED),
        ("generate b", "generate a", NAMED | USED),
    ]

    assert _counted(store, project, *nodes) == sorted(name for name, _, _ in nodes)


def test_window_is_that_of_the_root(store: Store, project: str) -> None:
    """A trace that began before the window is not half in it."""
    trace_id, root = otlp.new_trace_id(), otlp.new_span_id()
    stored.insert(
        store,
        project,
        otlp.span({"groundspan.stage": "pipeline"}, trace_id=trace_id, span_id=root, duration_ns=10 * otlp.SECOND),
        otlp.span(
            {"groundspan.stage": "generate"} | NAMED | USED,
            trace_id=trace_id,
            parent=root,
            start_ns=otlp.NOON_NS + 5 * otlp.SECOND,
        ),
    )

    def calls(since_s: int, until_s: int) -> int:
        (row,) = store.rows(
            "SELECT count() AS calls FROM model_calls(project = {project:String}, suspects = true, "
            "since = {since:DateTime64(9)}, until = {until:DateTime64(9)})",
            {
                "project": project,
                "since": datetime.fromtimestamp(otlp.NOON_NS / 1e9 + since_s, UTC),
                "until": datetime.fromtimestamp(otlp.NOON_NS / 1e9 + until_s, UTC),
            },
        )
        return int(str(row["calls"]))

    assert [calls(0, 1), calls(-1, 0), calls(1, 100), calls(-100, 100)] == [1, 0, 0, 1]

"""What people find of answers: a sample to look at, one answer without what the judge made of it, and the label given.

Labels are rows of `evaluations`; what was drawn, and by what chance, is in `label_draws`.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from string import Template
from typing import Final, TypeAlias, cast

from fastapi import APIRouter, Request, Response

from groundspan_collector import escapes, parameters, queries, strata, windows
from groundspan_collector.answers import Answer, answer_of
from groundspan_collector.errors import NotFound, RejectedData
from groundspan_collector.gathering import trace_span
from groundspan_collector.store import Row, Store
from groundspan_collector.windows import Window

Node: TypeAlias = dict[str, object]

NAME: Final = "groundspan.label"
"""Of the evaluation that a label is. One that comes over OTLP under this name counts as well."""
GROUNDED, UNGROUNDED = "grounded", "ungrounded"
WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("g", GROUNDED, "0", "false"), GROUNDED),
    **dict.fromkeys(("u", UNGROUNDED, "1", "true"), UNGROUNDED),
}
MOST_ANSWERS: Final = 1_000
"""Of one sample."""
MARKED_CLAIMS: Final = 3
"""Of each answer, whatever the judge called it: marks must not tell what it called it."""
LONGEST_TEXT: Final = 4_000
"""Characters of a comment, and of a labeller's name."""


def draw(store: Store, window: Window, *, wanted: int, seed: str, project: str, now: datetime) -> Node:
    """Draw *wanted* judged answers of *window* that have no label yet, and record by what chance each was taken.

    The same *seed* draws the same answers, as long as they are the same. The answers come in an order that tells
    nothing of what the judge made of them.
    """
    bound = {
        "since": windows.literal(window.since),
        "until": windows.literal(window.until),
        "suspects": window.suspects,
        "project": project,
    }
    sizes = {_int(row["cell"]): _int(row["answers"]) for row in store.rows(_sql("label_sizes"), bound)}
    wanted_of = strata.allocation(sizes, wanted)
    most = max(wanted_of.values(), default=0)
    candidates = store.rows(_sql("label_candidates"), bound | {"seed": seed, "most": most}) if most else []
    drawn = taken(candidates, wanted_of)
    name = secrets.token_hex(8)
    store.insert("label_draws", [_draw_row(row, name, sizes, wanted_of, window, now) for row in drawn])
    return {
        "draw": name,
        "since": windows.iso(window.since),
        "until": windows.iso(window.until),
        "unlabelled_answers": sum(sizes.values()),
        "answers": [{"id": row["trace_id"], "project": row["project"]} for row in drawn],
    }


def taken(candidates: Iterable[Row], wanted: Mapping[int, int]) -> list[Row]:
    """The first of each cell of *candidates*, so many as are *wanted*, in the order of their places. Pure."""
    left = dict(wanted)
    found = []
    for row in candidates:
        cell = _int(row["cell"])
        if left.get(cell, 0) > 0:
            left[cell] -= 1
            found.append(row)
    return sorted(found, key=lambda row: _int(row["place"]))


def _draw_row(
    row: Row, name: str, sizes: Mapping[int, int], wanted: Mapping[int, int], window: Window, now: datetime
) -> Row:
    cell = _int(row["cell"])
    copied = ("project", "trace_id", "input_hash", "root_start", "judge", "judge_version", "cell")
    return {column: row[column] for column in copied} | {
        "draw": name,
        "cell_answers": max(sizes[cell], wanted[cell]),
        "inclusion_probability": min(1.0, wanted[cell] / sizes[cell]),
        "since": window.since,
        "until": window.until,
        "drawn_at": now,
    }


def shown(store: Store, trace_id: str, *, project: str) -> Node:
    """What a person needs to label an answer, and nothing of what the judge made of it.

    Passages that its least supported claims were compared with are marked in the chunks, of every answer alike.
    """
    found = _answer(store, trace_id, project)
    place = {"project": found["project"], "trace_id": found["trace_id"]}
    claims = store.rows(queries.sql("trace_claims"), place)
    texts = _chunks(store, place)
    doubtful = sorted(claims, key=lambda claim: cast(float, claim["support"]))[:MARKED_CLAIMS]
    marks = [(claim["chunk"], _int(claim["evidence_start"]), _int(claim["evidence_end"])) for claim in doubtful]
    return {
        "id": found["trace_id"],
        "project": found["project"],
        "input_hash": str(found["input_hash"]),
        "question": found["question"],
        "answer": found["answer"],
        "claims": [{name: claim[name] for name in ("start", "end", "text")} for claim in claims],
        "chunks": [
            chunk | {"marked": merged((start, end) for at, start, end in marks if at == number and end)}
            for number, chunk in enumerate(texts)
        ],
    }


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """*spans* in their order, those that touch each other as one. Pure."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _chunks(store: Store, place: Row) -> list[Node]:
    """The chunks that the judge was given with an answer."""
    answer = _read_again(store, place)
    if answer is None or not answer.chunks:
        return []
    hashes = sorted({chunk.hash for chunk in answer.chunks})
    rows = store.rows(queries.sql("chunk_texts"), {"projects": [place["project"]], "hashes": hashes})
    texts = {_int(row["hash"]): row["text"] for row in rows}
    return [{"id": chunk.id, "source": chunk.source, "text": texts.get(chunk.hash, "")} for chunk in answer.chunks]


def _read_again(store: Store, place: Row) -> Answer | None:
    times = store.rows(
        "SELECT first_start, last_end FROM traces_once "
        "WHERE project = {project:String} AND trace_id = {trace_id:String}",
        place,
    )
    if not times:
        return None
    # rows() cuts times to the microsecond.
    last_end = cast(datetime, times[0]["last_end"]) + timedelta(microseconds=1)
    bound = {"projects": [place["project"]], "trace_ids": [place["trace_id"]], "last_end": last_end}
    spans = store.rows(queries.sql("answer_spans"), bound | {"first_start": times[0]["first_start"]})
    return answer_of([trace_span(row) for row in spans])


def label(store: Store, trace_id: str, given: Mapping[str, str], *, project: str, now: datetime) -> Node:
    """Store the label that *given* has (label, labeller, comment, input_hash) of an answer; the newest counts.

    *input_hash* says which version of the answer was looked at: the present one, where it is empty. Raises
    RejectedData or NotFound, which say what is accepted.
    """
    word = WORDS.get(given.get("label", "").strip().lower())
    if word is None:
        raise RejectedData(
            f"label must be g (grounded, 0, false) or u (ungrounded, 1, true), got {given.get('label', '')!r}"
        )
    for name in ("labeller", "comment"):
        if len(given.get(name, "")) > LONGEST_TEXT:
            raise RejectedData(f"{name} may have {LONGEST_TEXT} characters, got {len(given[name])}")
    found = _answer(store, trace_id, project)
    seen = given.get("input_hash") or str(found["input_hash"])
    if not seen.isascii() or not seen.isdigit():
        raise RejectedData(f"input_hash must be the digits that came with the answer, got {seen!r}")
    place = {"project": found["project"], "trace_id": found["trace_id"]}
    store.insert("evaluations", [place | _evaluation(word, seen, given, now)])
    return place | {
        "label": word,
        "is_drawn": _is_drawn(store, place | {"input_hash": seen}),
        "judge_agrees": found["ungrounded"] == (word == UNGROUNDED),
    }


def _evaluation(word: str, input_hash: str, given: Mapping[str, str], now: datetime) -> Row:
    return {
        "span_id": "",
        "name": NAME,
        "score_value": float(word == UNGROUNDED),
        "score_label": word,
        "explanation": given.get("comment", ""),
        "response_id": "",
        "source": "label",
        "attributes": {"labeller": given.get("labeller", ""), "input_hash": input_hash},
        "time": now,
        "received_at": now,
    }


def _is_drawn(store: Store, answer: Row) -> bool:
    """Whether the answer was drawn: a label of another one stands for no others."""
    return bool(
        store.rows(
            "SELECT 1 FROM label_draws WHERE project = {project:String} AND trace_id = {trace_id:String} "
            "AND toString(input_hash) = {input_hash:String} LIMIT 1",
            answer,
        )
    )


def _answer(store: Store, trace_id: str, project: str) -> Row:
    """The newest judgement of a trace's answer; *project*, if not empty, is all that is read."""
    rows: Sequence[Row] = store.rows(
        "SELECT project, trace_id, input_hash, question, answer, ungrounded FROM answers_newest "
        "WHERE trace_id = {trace_id:String} AND ({project:String} = '' OR project = {project:String}) "
        "AND status = 'judged'",
        {"trace_id": trace_id.strip().lower(), "project": project},
    )
    if not rows:
        raise NotFound(f"no judged answer has the id {trace_id!r}: an id is the whole id of its trace")
    if len(rows) > 1:
        named = ", ".join(sorted(repr(row["project"]) for row in rows))
        raise RejectedData(f"the id {trace_id!r} is of answers of the projects {named}: name one as project")
    return rows[0]


def _sql(name: str) -> str:
    return Template(queries.sql(name)).substitute(cell=strata.CELL_SQL)


def _int(value: object) -> int:
    """A column of whole numbers."""
    return cast(int, value)


def _within(confined: str, asked: str) -> str:
    """The project to look in, of a caller that is *confined* to one (empty: none) and *asked* for one."""
    if confined and asked not in {"", confined}:
        raise NotFound(f"no judged answer of the project {asked!r} may be read with this token")
    return confined or asked


def router(
    reading: Callable[[Request], tuple[Store, str]], owning: Callable[[Request], tuple[Store, str]]
) -> APIRouter:
    """POST /api/v1/labels/sample, GET /api/v1/labels/answers/{id}, POST /api/v1/labels/answers/{id}.

    *reading* and *owning* give the store and the only project that may be read, and written (empty: all).
    """
    routes = APIRouter(prefix="/api/v1/labels")

    @routes.post("/sample")
    def sample(
        request: Request, since: str = "", until: str = "", answers: str = "50", seed: str = "", project: str = ""
    ) -> Node:
        """Draw answers to label."""
        store, confined = owning(request)
        parameters.only(request.query_params, "since", "until", "answers", "seed", "project")
        now = datetime.now(UTC)
        window = windows.window(since, until, now)
        wanted = parameters.whole("answers", answers, MOST_ANSWERS)
        within = _within(confined, project)
        return draw(store, window, wanted=wanted, seed=seed or secrets.token_hex(8), project=within, now=now)

    @routes.get("/answers/{trace_id}")
    def look(request: Request, trace_id: str, project: str = "") -> Response:
        """One answer, without what the judge made of it."""
        store, confined = reading(request)
        parameters.only(request.query_params, "project")
        found = shown(store, trace_id, project=_within(confined, project))
        text = json.dumps(found, ensure_ascii=False, allow_nan=False)
        return Response(escapes.json_text(text), media_type="application/json")

    @routes.post("/answers/{trace_id}")
    def give(request: Request, trace_id: str, project: str = "") -> Node:
        """Label one answer."""
        store, confined = owning(request)
        accepted = ("label", "labeller", "comment", "input_hash")
        parameters.only(request.query_params, "project", *accepted)
        given = {name: request.query_params.get(name, "") for name in accepted}
        return label(store, trace_id, given, project=_within(confined, project), now=datetime.now(UTC))

    return routes

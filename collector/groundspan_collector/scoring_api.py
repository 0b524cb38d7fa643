"""What workers ask of a collector: answers to judge, as they arrive or of the past, and to take in what they judged."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from groundspan_collector import rescoring, tasks, windows
from groundspan_collector.bodies import Uploads, read_body
from groundspan_collector.desk import BATCH, Desk
from groundspan_collector.errors import ConfigError, Forbidden, RejectedData
from groundspan_collector.rescoring import Wanted
from groundspan_collector.settings import JudgeShare, parse_share
from groundspan_collector.store import Store
from groundspan_collector.tasks import JudgedBy, Result, Task

MOST_AT_A_TIME: Final = 500
LONGEST_NAME: Final = 300

Asked = Mapping[str, Any]


def router(
    desk: Desk, working: Callable[[Request], tuple[Store, str]], *, max_body_bytes: int, max_in_flight_bytes: int
) -> APIRouter:
    """POST /api/v1/scoring/take, renew, give and rescore.

    *working* gives the store, and the only project that may be judged (empty: all). Raises CollectorErrors.
    """
    api = APIRouter(prefix="/api/v1/scoring")
    uploads = Uploads(max_in_flight_bytes)

    async def answered(request: Request, act: Callable[[Store, str, Asked], dict[str, object]]) -> dict[str, object]:
        store, project = working(request)
        encoding = request.headers.get("Content-Encoding", "")
        body = await read_body(request.stream(), encoding, max_body_bytes, uploads)
        return await run_in_threadpool(act, store, project, _object(body))

    @api.post("/take")
    async def take(request: Request) -> dict[str, object]:
        """Answers that are due."""
        return await answered(request, partial(_take, desk))

    @api.post("/give")
    async def give(request: Request) -> dict[str, object]:
        """What became of them."""
        return await answered(request, partial(_give, desk))

    @api.post("/renew")
    async def renew(request: Request) -> dict[str, object]:
        """Whoever took answers is still at work on them, or no more."""
        return await answered(request, partial(_renew, desk))

    @api.post("/rescore")
    async def rescore(request: Request) -> dict[str, object]:
        """Answers of the past that a judge has not judged; asked without a place to begin at, how many there are."""
        return await answered(request, _rescore)

    return api


def _take(desk: Desk, _: Store, project: str, document: Asked) -> dict[str, object]:
    judge, share, most, holder = _judge(document), _share(document), _most(document), _holder(document)
    taken = desk.take(judge, share, most=most, project=project, holder=holder)
    return {"tasks": _written(taken.tasks), "done": taken.done}


def _give(desk: Desk, _: Store, project: str, document: Asked) -> dict[str, object]:
    return {"stored": desk.give(_results(document, project))}


def _renew(desk: Desk, _: Store, __: str, document: Asked) -> dict[str, object]:
    return {"held": desk.renew(_holder(document), release=document.get("release") is True)}


def _rescore(store: Store, project: str, document: Asked) -> dict[str, object]:
    wanted, after = _wanted(document, project), document.get("after")
    if after is None:
        progress = rescoring.progress(store, wanted)
        window = {"since": windows.iso(wanted.window.since), "until": windows.iso(wanted.window.until)}
        return {"total": progress.total, "done": progress.done, "after": list(rescoring.FIRST)} | window
    if not isinstance(after, list) or len(after) != 2:
        raise RejectedData("after must be a project and a trace id")
    batch = rescoring.take(store, wanted, after=(str(after[0]), str(after[1])), most=_most(document))
    return {"tasks": _written(batch.tasks), "looked_at": batch.looked_at, "after": batch.after}


def _object(body: bytes) -> Asked:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RejectedData(f"the body must be JSON: {error}") from error
    if not isinstance(document, dict):
        raise RejectedData("the body must be a JSON object")
    return document


def _judge(document: Asked) -> JudgedBy:
    name, version = document.get("judge"), document.get("judge_version")
    for field, text in (("judge", name), ("judge_version", version)):
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST_NAME:
            raise RejectedData(f"{field} must be a string of 1 to {LONGEST_NAME} characters")
    return JudgedBy(str(name), str(version))


def _holder(document: Asked) -> str:
    holder = document.get("holder")
    if not isinstance(holder, str) or not 0 < len(holder) <= LONGEST_NAME:
        raise RejectedData("holder must be a name that no other worker has")
    return holder


def _share(document: Asked) -> JudgeShare:
    try:
        return parse_share("share", str(document.get("share", "1/1")))
    except ConfigError as error:
        raise RejectedData(str(error)) from error


def _most(document: Asked) -> int:
    most = document.get("most", BATCH)
    if type(most) is not int or not 1 <= most <= MOST_AT_A_TIME:
        raise RejectedData(f"most must be a whole number from 1 to {MOST_AT_A_TIME}, got {most!r}")
    return most


def _wanted(document: Asked, project: str) -> Wanted:
    since, until = str(document.get("since", "")), str(document.get("until", ""))
    if not since:
        raise RejectedData("since must say from when on answers are judged again")
    return Wanted(_judge(document), windows.window(since, until, datetime.now(UTC)), _share(document), project)


def _results(document: Asked, project: str) -> list[Result]:
    found = document.get("results")
    if not isinstance(found, list):
        raise RejectedData("results must be an array")
    results = [tasks.result_of(each) for each in found]
    if project and any(each.key[0] != project for each in results):
        raise Forbidden(f"this token may judge answers of the project {project!r} only")
    return results


def _written(given: list[Task]) -> list[dict[str, object]]:
    return [tasks.task_document(task) for task in given]

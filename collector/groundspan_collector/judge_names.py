"""A judge is found by what the user calls it.

local                       in the package: what can be counted and what a small network reads, together
lexical                     in the package: what can be counted
cross-encoder:NAME_OR_PATH  a CrossEncoder of sentence-transformers
llm:MODEL                   a model at an OpenAI-compatible endpoint
NAME or NAME:OPTIONS        a judge of the user's own, by entry point
A>B>C                       what A is not certain of goes to B, and so on; A[low,high] says when A is not certain
"""

import re
import secrets
import threading
from collections.abc import Callable
from typing import Final

from groundspan_collector import judges, metrics
from groundspan_collector.endpoint import Endpoint
from groundspan_collector.errors import ConfigError
from groundspan_collector.judge_settings import LLM_URL, OPENAI_HOST, JudgeSettings
from groundspan_collector.judges import Judge, cross_encoder, entry_points
from groundspan_collector.judges.cascade import CERTAIN, Band, Cascade, Step
from groundspan_collector.judges.llm import Llm
from groundspan_collector.settings import environment

ACCEPTED: Final = (
    *judges.NAMES,
    "cross-encoder:NAME_OR_PATH",
    "llm:MODEL",
    "the name of an installed entry point, NAME or NAME:OPTIONS",
    "several with > between, cheapest first",
)
TICKET_BYTES: Final = 8

_BAND = re.compile(r"(?P<name>.*?)\s*\[\s*(?P<low>[0-9.]+)\s*,\s*(?P<high>[0-9.]+)\s*\]")

Wait = Callable[[float], object]
"""Waits so many seconds; gives something true where the process is to end."""


def load(name: str, settings: JudgeSettings | None = None, wait: Wait | None = None, *, threads: int = 1) -> Judge:
    """The judge called *name*, told what *settings* say (None: what the environment says). Raises ConfigError.

    Those in the package use so many *threads* for one call.
    """
    settings = JudgeSettings.load(environment()) if settings is None else settings
    wait = threading.Event().wait if wait is None else wait
    parts = [part.strip() for part in name.split(">")]
    if len(parts) == 1:
        return _one(name.strip(), settings, wait, threads)
    last = len(parts) - 1
    steps = [
        _step(part, _one(_banded(part)[0], settings, wait, threads), last=place == last)
        for place, part in enumerate(parts)
    ]
    return Cascade(tuple(steps), lambda judge, claims: metrics.CLAIMS_DECIDED.labels(judge).inc(claims))


def _banded(text: str) -> tuple[str, re.Match[str] | None]:
    """The name in *text*, and its band where it gives one."""
    match = _BAND.fullmatch(text)
    return (match["name"] if match else text), match


def _step(text: str, judge: Judge, *, last: bool) -> Step:
    name, match = _banded(text)
    if last:
        if match:
            raise ConfigError(f"{text} is the last judge and decides all that reaches it: leave the band out")
        return Step(judge, None)
    band = _band(match["low"], match["high"]) if match else CERTAIN.get(name)
    if band is None:
        raise ConfigError(
            f"{name} is not calibrated, so say of which P(supported) it is not certain: {name}[0.05,0.95] passes on "
            "the claims between"
        )
    return Step(judge, band)


def _band(low: str, high: str) -> Band:
    try:
        band = Band(float(low), float(high))
    except ValueError:
        band = Band(1, 0)
    if not 0 <= band.low < band.high <= 1:
        raise ConfigError(f"a band must be two numbers from 0 to 1, the lower first, got [{low},{high}]")
    return band


def _one(name: str, settings: JudgeSettings, wait: Wait, threads: int) -> Judge:
    kind, _, rest = name.partition(":")
    if kind == "llm" and rest:
        return _llm(rest, settings, wait)
    if kind == "cross-encoder" and rest:
        told = settings.cross_encoder
        return cross_encoder.load(rest, labels=told.labels, threshold=told.threshold, window_chars=told.window_chars)
    if name in judges.NAMES:
        return judges.load(name, threads)
    if own := entry_points.load(kind, rest):
        return own
    installed = entry_points.names()
    offered = f"; installed are {', '.join(installed)}" if installed else ""
    raise ConfigError(f"no judge is called {name!r}: accepted are {'; '.join(ACCEPTED)}{offered}")


def _llm(model: str, settings: JudgeSettings, wait: Wait) -> Judge:
    if not settings.llm.url:
        raise ConfigError(
            f"a judge llm:{model} needs {LLM_URL}, like https://{OPENAI_HOST}/v1, with its key in GROUNDSPAN_LLM_KEY, "
            "or http://127.0.0.1:11434/v1"
        )
    endpoint = Endpoint(settings.llm, model, wait)
    return Llm(
        model, settings.llm.url, settings.llm.context_chars, endpoint.ask, lambda: secrets.token_hex(TICKET_BYTES)
    )

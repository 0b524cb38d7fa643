"""A model at an OpenAI-compatible endpoint is asked, as often as its budget allows.

What an endpoint does not know (`response_format`, `temperature`) is left out from then on. Faults that may pass (429,
5xx, no answer, a reply that cannot be taken) are tried again after a pause, at least the one that the endpoint asks
for; all others end at once. Every call that was answered is told, whether it was of use or not: it was paid for.
"""

import http.client
import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import IO, Any, Final, TypeVar

from groundspan_collector.errors import JudgeFailed, Stopping
from groundspan_collector.judge_settings import LlmSettings
from groundspan_collector.judges import ModelCall, PaidFailure

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 20.0
MAX_REPLY_BYTES: Final = 8 * 1024 * 1024
SHOWN_CHARS: Final = 200
PASSING: Final = frozenset({408, 409, 425, 429})
"""Statuses below 500 that say nothing about the request."""
UNKNOWN: Final = frozenset({400, 404, 415, 422, 501})
"""Statuses with which an endpoint refuses a request that has something it does not know."""

Taken = TypeVar("Taken")


class Fault(Exception):
    """Why a try came to nothing, and when another may help."""

    def __init__(self, reason: str, *, passes: bool, retry_after_s: float = 0.0, status: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passes = passes
        self.retry_after_s = retry_after_s
        self.status = status


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The key and the texts go where the setting says, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        """Take none."""


@dataclass(slots=True)
class Extras:
    """What is asked for beyond the texts, until the endpoint refuses it."""

    format: int = 0
    """0: by schema; 1: any JSON object; 2: nothing is said."""
    temperature: bool = True

    def fields(self, schema: Mapping[str, object]) -> dict[str, object]:
        """The fields of a request."""
        formats: tuple[dict[str, object], ...] = (
            {"type": "json_schema", "json_schema": {"name": "verdicts", "strict": True, "schema": dict(schema)}},
            {"type": "json_object"},
        )
        format_field = {"response_format": formats[self.format]} if self.format < len(formats) else {}
        return format_field | ({"temperature": 0} if self.temperature else {})

    def give_up(self, complaint: str) -> bool:
        """Leave out what *complaint* is about, or the likeliest; False if nothing is left."""
        if self.temperature and "temperature" in complaint:
            self.temperature = False
        elif self.format < 2:
            self.format += 1
        elif self.temperature:
            self.temperature = False
        else:
            return False
        return True


@dataclass(slots=True)
class Endpoint:
    """One model at one address."""

    settings: LlmSettings
    model: str
    wait: Callable[[float], object] = field(default_factory=lambda: threading.Event().wait)
    """Waits so many seconds; gives something true where it was woken to stop."""
    extras: Extras = field(default_factory=Extras)

    def ask(
        self, system: str, user: str, schema: dict[str, object], accept: Callable[[str], Taken]
    ) -> tuple[Taken, tuple[ModelCall, ...]]:
        """What *accept* makes of the model's reply (it raises JudgeFailed for one that will not do), and the calls.

        Raises PaidFailure when the tries or the time are used up, or no other try can help.
        """
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        until_s = time.monotonic() + self.settings.budget_s
        calls: list[ModelCall] = []
        failures, trying = 0, replace(self.extras)
        while True:
            if self.wait(0):
                raise Stopping(f"{self.model} was not asked any more")
            try:
                reply = self._posted({"messages": messages, **trying.fields(schema)}, until_s)
                self.extras = trying
                calls.append(reply.call)
                return accept(reply.text()), tuple(calls)
            except Fault as fault:
                if fault.status in UNKNOWN and trying.give_up(fault.reason):
                    continue
                failures += 1
                self._pause(fault, failures, until_s, calls)
            except JudgeFailed as unfit:
                failures += 1
                self._pause(Fault(str(unfit), passes=True), failures, until_s, calls)

    def _pause(self, fault: Fault, failures: int, until_s: float, calls: list[ModelCall]) -> None:
        """Wait before the next try; raises PaidFailure where there is to be none."""
        if not fault.passes:
            raise PaidFailure(f"{self.model}: {fault.reason}", calls) from fault
        if failures >= self.settings.tries:
            raise PaidFailure(f"{self.model}, asked {failures} times: {fault.reason}", calls) from fault
        pause_s = fault.retry_after_s + pause_after(failures, random.random())  # noqa: S311 - spreads load
        left_s = until_s - time.monotonic()
        if pause_s >= left_s:
            raise PaidFailure(
                f"{self.model}: {fault.reason}; the next try would be in {pause_s:.0f} s, and of "
                f"GROUNDSPAN_LLM_BUDGET_S {max(left_s, 0):.0f} s are left",
                calls,
            ) from fault
        self.wait(pause_s)

    def _posted(self, asked: Mapping[str, object], until_s: float) -> "Reply":
        """The reply to one request; raises Fault."""
        started_ns, started_s = time.time_ns(), time.monotonic()
        timeout_s = max(0.01, min(self.settings.timeout_s, until_s - started_s))
        document = fetched(self._request(asked), timeout_s)
        duration_ns = int((time.monotonic() - started_s) * 1e9)
        return Reply(document, call(self.settings.provider, self.model, document, started_ns, duration_ns))

    def _request(self, asked: Mapping[str, object]) -> urllib.request.Request:
        body = json.dumps({"model": self.model, **asked}).encode()
        headers = {"Content-Type": "application/json"}
        if self.settings.key:
            headers["Authorization"] = f"Bearer {self.settings.key}"
        return urllib.request.Request(  # noqa: S310 - http or https, checked in the settings
            f"{self.settings.url}/chat/completions", body, headers, method="POST"
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """A completion."""

    document: Mapping[str, Any]
    call: ModelCall

    def text(self) -> str:
        """What the model said; raises Fault where it said nothing, or not all."""
        try:
            choice = self.document["choices"][0]
            message = choice["message"]
            content, refusal = message.get("content"), message.get("refusal")
        except (LookupError, TypeError, AttributeError) as error:
            raise Fault("the endpoint's answer holds no message", passes=True) from error
        if refusal:
            raise Fault(f"the model refused: {refusal!s:.{SHOWN_CHARS}}", passes=True)
        if choice.get("finish_reason") == "length":
            raise Fault("the reply was cut off at the model's longest", passes=True)
        if not isinstance(content, str) or not content.strip():
            raise Fault("the model said nothing", passes=True)
        return content


def fetched(request: urllib.request.Request, timeout_s: float) -> dict[str, Any]:
    """The JSON object that answers *request*; raises Fault."""
    until_s = time.monotonic() + timeout_s
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout_s) as answer:
            document = json.loads(_read(answer, until_s))
    except urllib.error.HTTPError as error:
        raise _refused(error) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            raise Fault(f"no whole answer in {timeout_s:.3g} s", passes=True) from error
        raise Fault(f"the endpoint does not answer: {reason!s:.{SHOWN_CHARS}}", passes=True) from error
    except (ValueError, RecursionError) as error:
        raise Fault("the endpoint answered with something that is no JSON", passes=True) from error
    if not isinstance(document, dict):
        raise Fault("the endpoint answered with JSON that is no object", passes=True)
    return document


def call(provider: str, model: str, document: Mapping[str, Any], started_ns: int, duration_ns: int) -> ModelCall:
    """The call, as the endpoint's own usage tells it."""
    usage = document.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    said = document.get("model")
    return ModelCall(
        provider=provider,
        model=said if isinstance(said, str) and said else model,
        started_ns=started_ns,
        duration_ns=duration_ns,
        input_tokens=_count(usage.get("prompt_tokens")),
        output_tokens=_count(usage.get("completion_tokens")),
        cache_read_tokens=_count(_within(usage, "prompt_tokens_details", "cached_tokens")),
        reasoning_tokens=_count(_within(usage, "completion_tokens_details", "reasoning_tokens")),
    )


def pause_after(failures: int, chance: float) -> float:
    """How long to wait after so many failures in a row; *chance*, of 0 to 1, keeps many from coming at once."""
    return min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 32), LONGEST_PAUSE_S) * (0.5 + chance / 2)


def _within(usage: Mapping[str, Any], details: str, name: str) -> object:
    inner = usage.get(details)
    return inner.get(name) if isinstance(inner, dict) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40 else None


def _read(answer: IO[bytes], until_s: float) -> bytes:
    """The body, of bounded size and time: a trickle of bytes must not hold the judge for ever."""
    body = bytearray()
    while piece := answer.read1(1 << 16):  # type: ignore[attr-defined]
        body += piece
        if len(body) > MAX_REPLY_BYTES:
            raise Fault(f"the endpoint's answer has more than {MAX_REPLY_BYTES:,} bytes", passes=False)
        if time.monotonic() > until_s:
            raise TimeoutError
    return bytes(body)


def _refused(error: urllib.error.HTTPError) -> Fault:
    """What an error status says."""
    try:
        body = error.read(1 << 16)
    except (OSError, http.client.HTTPException):
        body = b""
    passes = error.code in PASSING or error.code >= 500
    reason = f"the endpoint answered {error.code}: {_message(body) or error.reason}"
    pause_s = retry_after(error.headers.get("Retry-After", ""))
    return Fault(reason, passes=passes, retry_after_s=pause_s, status=error.code)


def _message(body: bytes) -> str:
    """The words of an error, wherever an endpoint puts them."""
    text = body.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()[:SHOWN_CHARS]
    inner = document.get("error", document) if isinstance(document, dict) else document
    said = inner.get("message", inner) if isinstance(inner, dict) else inner
    return str(said)[:SHOWN_CHARS]


def retry_after(text: str) -> float:
    """The seconds of a Retry-After, which are a number or a time; 0 where it says nothing."""
    try:
        return max(0.0, min(float(text), 1e6))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0

"""Anthropic's client: messages, sync, async and streamed."""

import functools
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Final

from groundspan import _runtime
from groundspan import attributes as keys
from groundspan._parameters import Keywords
from groundspan._span import _current
from groundspan._stages import GENERATE
from groundspan.integrations._calls import Method, Request, Undo, patched
from groundspan.integrations._requests import provider, settings, spoken

LIBRARY: Final = "anthropic"

_KINDS: Final = {"Bedrock": "aws.bedrock", "Vertex": "gcp.vertex_ai"}
_HOSTS: Final = {"aiplatform.googleapis.com": "gcp.vertex_ai"}
_MODULES: Final = ("resources.messages", "resources.beta.messages")
_OWN_SPAN: Final = "anthropic.messages.create"


def instrument() -> Undo:
    """Trace Anthropic's client."""
    modules = [import_module(f"{LIBRARY}.{module}") for module in _MODULES]
    undo_calls = patched([method for module in modules for method in _methods(module)])
    undo_quiet = _quiet(import_module(f"{LIBRARY}._base_client"))

    def undo() -> None:
        undo_quiet()
        undo_calls()

    return undo


def request(client: object, kwargs: Keywords) -> Request:
    """Read a call of the messages API; what the system is told stands apart there."""
    attributes = {keys.PROVIDER: provider(client, "anthropic", _KINDS, _HOSTS), **settings(kwargs)}
    return Request(attributes, {"messages": spoken(kwargs.get("system"), kwargs.get("messages"))})


def _methods(module: ModuleType) -> list[Method]:
    return [
        # stream() gives a manager at once, async or not.
        Method(kind, name, GENERATE, request, is_async=kind.__name__.startswith("Async") and name != "stream")
        for kind in (getattr(module, "Messages", None), getattr(module, "AsyncMessages", None))
        if kind is not None
        for name in ("create", "parse", "stream")
    ]


def _quiet(client: ModuleType) -> Undo:
    """Keep newer clients from a span of their own beneath ours: its tokens would be counted twice."""
    original: Callable[..., object] | None = getattr(client, "start_api_call_span", None)
    if original is None:
        return lambda: None

    @functools.wraps(original)
    def start(*args: object, **kwargs: object) -> object:
        is_ours = _is_within() and any(getattr(each, "span_name", None) == _OWN_SPAN for each in args)
        return None if is_ours else original(*args, **kwargs)

    client.start_api_call_span = start  # type: ignore[attr-defined] # it has one: see above

    def undo() -> None:
        if getattr(client, "start_api_call_span", None) is start:
            client.start_api_call_span = original  # type: ignore[attr-defined] # as above

    return undo


def _is_within() -> bool:
    stage = None if _runtime.current() is None else _current()
    return stage is not None and stage.stage is GENERATE and stage.is_recording

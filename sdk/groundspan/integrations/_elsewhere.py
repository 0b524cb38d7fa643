"""Whether somebody else traces a call already: then it is left to them, so that nothing is counted twice."""

import sys
from collections.abc import Callable, Iterable, Mapping
from inspect import getclosurevars, isfunction
from typing import Final

from opentelemetry.trace import get_current_span

from groundspan import attributes as keys
from groundspan._guard import attempt
from groundspan._plan import Plan
from groundspan._setup import SCOPE
from groundspan._stages import Stage

# Where the wrappers of other instrumentations are written.
_MAKERS: Final = ("opentelemetry.instrumentation.", "openinference.instrumentation.", "langfuse.", "logfire.")
_KIND: Final = "openinference.span.kind"
_CALLS: Final[Mapping[str | None, frozenset[str]]] = {
    "chat": frozenset({"chat", "text_completion", "generate_content", "LLM"}),
    "embeddings": frozenset({"embeddings", "EMBEDDING"}),
    "retrieval": frozenset({"retrieval", "RETRIEVER"}),
    "rerank": frozenset({"rerank", "RERANKER"}),
}
_MAX_WRAPPERS = 16
# A word in what a framework calls a model, or its provider -> the client's methods that it calls.
_CLIENTS: Final = {
    "openai": (
        ("openai", "OpenAI.request"),
        ("openai.resources.chat.completions", "Completions.create"),
        ("openai.resources.responses", "Responses.create"),
        ("openai.resources.embeddings", "Embeddings.create"),
    ),
    "anthropic": (("anthropic.resources.messages", "Messages.create"),),
}


def is_wrapped(function: object) -> bool:
    """Tell whether another instrumentation stands anywhere around *function*, outside or inside of ours."""
    for _ in range(_MAX_WRAPPERS):
        if function is None:
            return False
        if _is_theirs(function):
            return True
        function = getattr(function, "__wrapped__", None)
    return False


def is_handled(handlers: Iterable[object]) -> bool:
    """Tell whether one of a framework's handlers is another instrumentation's."""
    return any(type(handler).__module__.startswith(_MAKERS) for handler in handlers)


def is_client_wrapped(names: Iterable[str]) -> bool:
    """Tell whether another instrumentation stands around the client that a framework's model of these names calls."""
    named = " ".join(names).lower()
    return any(
        is_wrapped(_method(module, method))
        for word, methods in _CLIENTS.items()
        if word in named
        for module, method in methods
    )


def _method(module: str, name: str) -> object:
    """Give a method of a client that is imported."""
    owner, _, method = name.partition(".")
    return getattr(getattr(sys.modules.get(module), owner, None), method, None)


def _is_theirs(function: object) -> bool:
    """Look where a wrapper was written: wrapt keeps it apart, a plain one says it by its globals."""
    wrapper = getattr(function, "_self_wrapper", None)
    written_in = getattr(wrapper, "__module__", None)
    if written_in is None:
        written_in = getattr(function, "__globals__", {}).get("__name__")
    return isinstance(written_in, str) and written_in.startswith(_MAKERS)


def is_decorated(function: object, stage: Stage) -> bool:
    """Tell whether a function, or a method, is decorated as *stage*, and makes a span itself."""
    plain = getattr(function, "__func__", function)
    plan = attempt(_plan, plain, None) if isfunction(plain) else None
    return isinstance(plan, Plan) and plan.stage is stage


def _plan(function: Callable[..., object]) -> object:
    return getclosurevars(function).nonlocals.get("plan")


def is_spanned(stage: Stage) -> bool:
    """Tell whether the current span is somebody else's for this very call."""
    calls = _CALLS.get(stage.operation)
    if calls is None:
        return False
    span = get_current_span()
    if not span.is_recording() or getattr(getattr(span, "instrumentation_scope", None), "name", None) == SCOPE:
        return False
    told = getattr(span, "attributes", None) or {}
    return told.get(keys.OPERATION) in calls or told.get(_KIND) in calls

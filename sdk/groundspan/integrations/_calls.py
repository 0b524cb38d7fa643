"""Put a stage's span around a client library's method, and take it away again."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Final, TypeAlias, cast

from groundspan import _runtime
from groundspan import attributes as keys
from groundspan._capture import Value
from groundspan._guard import Guard
from groundspan._parameters import Keywords, parameters
from groundspan._plan import Plan
from groundspan._returned import followed
from groundspan._runtime import Runtime
from groundspan._span import StageSpan
from groundspan._stages import Stage
from groundspan.integrations._elsewhere import is_spanned, is_wrapped
from groundspan.integrations._inner import At, InnerCall, around

_RAW: Final = "X-Stainless-Raw-Response"
# "stream" is the third: its body is not read yet, and is the host's to read.
_WHOLE: Final = ("true", "raw")

_OPENING = Guard("read a client library's call")
_PARSING = Guard("read a raw response")

Undo: TypeAlias = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What a call says before it is made."""

    attributes: Mapping[str, Value]
    asked: Keywords = field(default_factory=dict)
    """The prompt, by the name that the stage looks for."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a client library that is one stage."""

    owner: type
    name: str
    stage: Stage
    read: Callable[[object, Keywords], Request]
    """The client and a call's arguments by name -> what they say."""
    told: Callable[[object, Keywords], object] | None = None
    """What the call gave, and its arguments by name -> what is read of it; None: what it gave."""
    is_async: bool = False
    reads_resource: bool = False
    """It is a method of what is to be read, and not of a part of a client."""
    opens_others: bool = False
    """It makes its request through another method that is traced too."""


class _Switch:
    """Whether a patch is still wanted: one that others have wrapped cannot be taken out any more."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.is_on = True
        self._names = names

    def named(self, args: Sequence[object], kwargs: Keywords) -> Keywords:
        """Give a call's arguments by name."""
        return dict(zip(self._names, args, strict=False)) | dict(kwargs) if args else kwargs


def part(module: str) -> ModuleType | None:
    """Import a part of a client library; None where this version has none such."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        return None


def patched(methods: Iterable[Method]) -> Undo:
    """Trace *methods*, as far as this version of the library has them; the function that is given undoes it."""
    undos = [_patched(method) for method in methods if hasattr(method.owner, method.name)]

    def undo() -> None:
        for each in undos:
            each()

    return undo


def _patched(method: Method) -> Undo:
    original = getattr(method.owner, method.name)
    switch = _Switch(_positional(original))
    around = (_coroutine if method.is_async else _plain)(original, method, switch)
    setattr(method.owner, method.name, around)

    def undo() -> None:
        switch.is_on = False
        if getattr(method.owner, method.name) is around:
            setattr(method.owner, method.name, original)

    return undo


def _plain(original: Callable[..., object], method: Method, switch: _Switch) -> Callable[..., object]:
    @functools.wraps(original)
    def call(resource: object, *args: object, **kwargs: object) -> object:
        given = switch.named(args, kwargs)
        span = _opened(method, resource, given) if switch.is_on else None
        if span is None:
            return original(resource, *args, **kwargs)
        try:
            returned = original(resource, *args, **kwargs)
        except BaseException as error:
            span.fail(error)
            raise
        if method.told is not None:
            return _told(method.told, returned, given, span)
        if not _is_raw(kwargs):
            return followed(returned, span)
        parsed = None
        with _PARSING:
            parsed = _parsed(returned, kwargs)
        span.finish(parsed)
        return returned

    return call


def _coroutine(
    original: Callable[..., Awaitable[object]], method: Method, switch: _Switch
) -> Callable[..., Awaitable[object]]:
    @functools.wraps(original)
    async def call(resource: object, *args: object, **kwargs: object) -> object:
        given = switch.named(args, kwargs)
        span = _opened(method, resource, given) if switch.is_on else None
        if span is None:
            return await original(resource, *args, **kwargs)
        try:
            returned = await original(resource, *args, **kwargs)
        except BaseException as error:
            span.fail(error)
            raise
        if method.told is not None:
            return _told(method.told, returned, given, span)
        if not _is_raw(kwargs):
            return followed(returned, span)
        parsed = None
        with _PARSING:
            parsed = _parsed(returned, kwargs)
            parsed = await parsed if inspect.isawaitable(parsed) else parsed
        span.finish(parsed)
        return returned

    return call


def _told(told: Callable[[object, Keywords], object], returned: object, given: Keywords, span: StageSpan) -> object:
    read: object = None
    with _PARSING:
        read = told(returned, given)
    span.finish(read)
    return returned


def _positional(function: Callable[..., object]) -> tuple[str, ...]:
    """Name what may be given by place, without the ``self`` of a method."""
    return tuple(parameters(function).positions)[1:]


def _opened(method: Method, resource: object, kwargs: Keywords) -> StageSpan | None:
    """Start the call's span; None where nothing is to be traced, or somebody else traces it."""
    runtime = _runtime.current()
    if runtime is None:
        return None
    with _OPENING:
        client = resource if method.reads_resource else getattr(resource, "_client", None)
        if _is_elsewhere(method, client):
            return None
        outer = around(method.stage)
        if outer is not None:
            return None if method.opens_others else cast("StageSpan", InnerCall(outer))
        return _started(runtime, method.stage, method.read(client, kwargs))
    return None


def begun(runtime: Runtime, stage: Stage, read: Callable[[], Request]) -> At:
    """Start the span of a framework's call, or let it be a part of the call around it, which is of the same kind."""
    outer = around(stage)
    if outer is None:
        return _started(runtime, stage, read())
    inner = InnerCall(outer)
    inner.enter()
    return inner


def _started(runtime: Runtime, stage: Stage, request: Request) -> StageSpan:
    span = StageSpan(_plan(stage, request), (), request.asked)
    span.start(runtime)
    return span


def _is_elsewhere(method: Method, client: object) -> bool:
    called = getattr(method.owner, method.name)
    return is_wrapped(called) or is_wrapped(getattr(client, "request", None)) or is_spanned(method.stage)


def _plan(stage: Stage, request: Request) -> Plan:
    fixed: dict[str, Value] = {keys.STAGE: stage.name, **request.attributes}
    if stage.operation is not None:
        fixed[keys.OPERATION] = stage.operation
    target = fixed.get(stage.target_key) if stage.target_key else None
    return Plan(stage, stage.span_name if target is None else f"{stage.span_name} {target}", fixed)


def _is_raw(kwargs: Keywords) -> bool:
    """Tell whether the caller asked for the response around the answer, as ``with_raw_response`` does."""
    return _raw_header(kwargs) is not None


def _raw_header(kwargs: Keywords) -> object:
    headers = kwargs.get("extra_headers")
    return headers.get(_RAW) if isinstance(headers, Mapping) else None


def _parsed(returned: object, kwargs: Keywords) -> object:
    """Read the answer out of a response that has come whole; the caller's own parse() finds it read."""
    parse = getattr(returned, "parse", None)
    if _raw_header(kwargs) not in _WHOLE or kwargs.get("stream") is True or not callable(parse):
        return None
    return cast("object", parse())

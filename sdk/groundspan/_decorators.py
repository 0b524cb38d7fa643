"""The seven decorators: ``@gs.retrieve``, ``@gs.retrieve(...)``, and ``with gs.retrieve.span(...)``."""

from collections.abc import Callable, Iterable, Mapping
from typing import ParamSpec, Protocol, TypeAlias, TypeVar, cast, overload

from groundspan import attributes as keys
from groundspan._capture import Capture, Value, is_capture
from groundspan._parameters import Parameters, parameters
from groundspan._plan import Plan
from groundspan._span import StageSpan
from groundspan._stages import EMBED, GENERATE, PIPELINE, RERANK, RETRIEVE, TOKENIZE, TOOL, Stage
from groundspan._text import clean, integer
from groundspan._wrap import wrapped
from groundspan.errors import ConfigError

P = ParamSpec("P")
R = TypeVar("R")

RelevantIds: TypeAlias = Iterable[object] | Callable[..., object]
ContextSource: TypeAlias = str | Callable[..., object]


class Decorator(Protocol):
    """What a decorator with arguments gives: it keeps the signature of the function."""

    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...


def _plan(
    stage: Stage,
    found: Parameters,
    options: Mapping[str, object],
    context: ContextSource | None = None,
    relevant: RelevantIds | None = None,
    capture: Capture | None = None,
) -> Plan:
    """Work out once what every span of a stage starts with."""
    if capture is not None and not is_capture(capture):
        raise ConfigError(f"capture must be full, no_content or a function, got {capture!r}")
    fixed: dict[str, Value] = {keys.STAGE: stage.name}
    if stage.operation is not None:
        fixed[keys.OPERATION] = stage.operation
    for key, value in options.items():
        count = integer(value)
        if value is not None:
            fixed[key] = clean(str(value)) if count is None else count
    target = fixed.get(stage.target_key) if stage.target_key else None
    name = stage.span_name if target is None else f"{stage.span_name} {target}"
    return Plan(stage, name, fixed, found, context, relevant, capture)


def _decorated(
    function: Callable[P, R] | None,
    stage: Stage,
    options: Mapping[str, object],
    context: ContextSource | None = None,
    relevant: RelevantIds | None = None,
    capture: Capture | None = None,
) -> Callable[P, R] | Decorator:
    """Decorate at once (``@gs.retrieve``), or give the decorator (``@gs.retrieve(...)``)."""

    def decorate(function: Callable[P, R], /) -> Callable[P, R]:
        target: object = function
        if not callable(target) and not isinstance(target, classmethod):
            raise ConfigError(f"@gs.{stage.name} decorates a function, got {function!r}; options are keywords")
        found = parameters(getattr(function, "__func__", function))
        if isinstance(context, str) and not found.knows(context):
            raise ConfigError(f"context={context!r} names no parameter of {function!r}")
        named = dict(options)
        if stage.target_key in _NAMED_BY_FUNCTION and named.get(stage.target_key) is None:
            named[stage.target_key] = getattr(function, "__name__", type(function).__name__)
        return wrapped(function, _plan(stage, found, named, context, relevant, capture))

    return cast("Decorator", decorate) if function is None else decorate(function)


_NAMED_BY_FUNCTION = frozenset({keys.WORKFLOW_NAME, keys.TOOL_NAME})


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


class Pipeline:
    """The whole of one request: the question, the answer, and every stage between them."""

    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...
    @overload
    def __call__(
        self, function: None = None, /, *, name: str | None = None, capture: Capture | None = None
    ) -> Decorator: ...
    def __call__(
        self, function: Callable[P, R] | None = None, /, *, name: str | None = None, capture: Capture | None = None
    ) -> Callable[P, R] | Decorator:
        return _decorated(function, PIPELINE, {keys.WORKFLOW_NAME: name}, capture=capture)

    def span(self, name: str = "pipeline", *, question: object = None, capture: Capture | None = None) -> StageSpan:
        """Open a pipeline around code that is no function."""
        plan = _plan(PIPELINE, Parameters(), {keys.WORKFLOW_NAME: name}, capture=capture)
        return StageSpan(plan, (), _given(question=question))


class Tokenize:
    """Text becomes tokens: their number is kept."""

    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...
    @overload
    def __call__(
        self, function: None = None, /, *, tokenizer: str | None = None, capture: Capture | None = None
    ) -> Decorator: ...
    def __call__(
        self, function: Callable[P, R] | None = None, /, *, tokenizer: str | None = None, capture: Capture | None = None
    ) -> Callable[P, R] | Decorator:
        return _decorated(function, TOKENIZE, {keys.TOKENIZER: tokenizer}, capture=capture)

    def span(self, *, tokenizer: str | None = None, capture: Capture | None = None) -> StageSpan:
        """Open a tokenize span; tell it ``span.tokens(ids)``."""
        return StageSpan(_plan(TOKENIZE, Parameters(), {keys.TOKENIZER: tokenizer}, capture=capture), (), {})


class Embed:
    """Texts become vectors: their number and dimension are kept, never the vectors."""

    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...
    @overload
    def __call__(
        self,
        function: None = None,
        /,
        *,
        model: str | None = None,
        provider: str | None = None,
        capture: Capture | None = None,
    ) -> Decorator: ...
    def __call__(
        self,
        function: Callable[P, R] | None = None,
        /,
        *,
        model: str | None = None,
        provider: str | None = None,
        capture: Capture | None = None,
    ) -> Callable[P, R] | Decorator:
        return _decorated(function, EMBED, {keys.REQUEST_MODEL: model, keys.PROVIDER: provider}, capture=capture)

    def span(
        self, *, model: str | None = None, provider: str | None = None, capture: Capture | None = None
    ) -> StageSpan:
        """Open an embed span; tell it ``span.vectors(vectors)``."""
        options = {keys.REQUEST_MODEL: model, keys.PROVIDER: provider}
        return StageSpan(_plan(EMBED, Parameters(), options, capture=capture), (), {})


class Retrieve:
    """A query becomes chunks, in rank order."""

    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...
    @overload
    def __call__(
        self,
        function: None = None,
        /,
        *,
        top_k: int | None = None,
        data_source: str | None = None,
        relevant: RelevantIds | None = None,
        capture: Capture | None = None,
    ) -> Decorator: ...
    def __call__(
        self,
        function: Callable[P, R] | None = None,
        /,
        *,
        top_k: int | None = None,
        data_source: str | None = None,
        relevant: RelevantIds | None = None,
        capture: Capture | None = None,
    ) -> Callable[P, R] | Decorator:
        options = {keys.TOP_K: top_k, keys.DATA_SOURCE: data_source}
        return _decorated(function, RETRIEVE, options, relevant=relevant, capture=capture)

    def span(
        self,
        *,
        query: str | None = None,
        top_k: int | None = None,
        data_source: str | None = None,
        relevant: Iterable[object] | None = None,
        capture: Capture | None = None,
    ) -> StageSpan:
        """Open a retrieve span; tell it ``span.chunks(hits)``."""
        options = {keys.TOP_K: top_k, keys.DATA_SOURCE: data_source}
        plan = _plan(RETRIEVE, Parameters(), options, relevant=relevant, capture=capture)
        return StageSpan(plan, (), _given(query=query))


class Rerank:
    """Chunks in a better order, or fewer of them."""

    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...
    @overload
    def __call__(
        self,
        function: None = None,
        /,
        *,
        model: str | None = None,
        provider: str | None = None,
        top_k: int | None = None,
        capture: Capture | None = None,
    ) -> Decorator: ...
    def __call__(
        self,
        function: Callable[P, R] | None = None,
        /,
        *,
        model: str | None = None,
        provider: str | None = None,
        top_k: int | None = None,
        capture: Capture | None = None,
    ) -> Callable[P, R] | Decorator:
        options = {keys.REQUEST_MODEL: model, keys.PROVIDER: provider, keys.TOP_K: top_k}
        return _decorated(function, RERANK, options, capture=capture)

    def span(
        self,
        *,
        query: str | None = None,
        model: str | None = None,
        provider: str | None = None,
        top_k: int | None = None,
        capture: Capture | None = None,
    ) -> StageSpan:
        """Open a rerank span; tell it ``span.chunks(hits)``."""
        options = {keys.REQUEST_MODEL: model, keys.PROVIDER: provider, keys.TOP_K: top_k}
        return StageSpan(_plan(RERANK, Parameters(), options, capture=capture), (), _given(query=query))


class Generate:
    """A model answers: its messages, model, finish reasons and usage are kept, and what it stood on."""

    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...
    @overload
    def __call__(
        self,
        function: None = None,
        /,
        *,
        model: str | None = None,
        provider: str | None = None,
        context: ContextSource | None = None,
        capture: Capture | None = None,
    ) -> Decorator: ...
    def __call__(
        self,
        function: Callable[P, R] | None = None,
        /,
        *,
        model: str | None = None,
        provider: str | None = None,
        context: ContextSource | None = None,
        capture: Capture | None = None,
    ) -> Callable[P, R] | Decorator:
        options = {keys.REQUEST_MODEL: model, keys.PROVIDER: provider}
        return _decorated(function, GENERATE, options, context, capture=capture)

    def span(
        self,
        *,
        prompt: object = None,
        model: str | None = None,
        provider: str | None = None,
        context: object = None,
        capture: Capture | None = None,
    ) -> StageSpan:
        """Open a generate span; *prompt* is a string or messages, *context* the chunks themselves.

        Tell it ``span.answer(response)``, and ``span.usage(...)`` where the response does not say.
        """
        options = {keys.REQUEST_MODEL: model, keys.PROVIDER: provider}
        source = None if context is None else lambda **_given: context
        return StageSpan(_plan(GENERATE, Parameters(), options, source, capture=capture), (), _given(prompt=prompt))


class Tool:
    """A tool call: its arguments by name, and its result."""

    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...
    @overload
    def __call__(
        self, function: None = None, /, *, name: str | None = None, capture: Capture | None = None
    ) -> Decorator: ...
    def __call__(
        self, function: Callable[P, R] | None = None, /, *, name: str | None = None, capture: Capture | None = None
    ) -> Callable[P, R] | Decorator:
        return _decorated(function, TOOL, {keys.TOOL_NAME: name}, capture=capture)

    def span(
        self, name: str, *, arguments: Mapping[str, object] | None = None, capture: Capture | None = None
    ) -> StageSpan:
        """Open a tool span; tell it ``span.result(value)``."""
        return StageSpan(_plan(TOOL, Parameters(), {keys.TOOL_NAME: name}, capture=capture), (), arguments or {})


pipeline = Pipeline()
tokenize = Tokenize()
embed = Embed()
retrieve = Retrieve()
rerank = Rerank()
generate = Generate()
tool = Tool()

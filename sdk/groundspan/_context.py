"""gs.context(): session, user and segments on every span beneath it, other libraries' spans too."""

from collections.abc import Mapping
from contextvars import Token
from types import TracebackType

from opentelemetry.context import Context, attach, create_key, get_current, get_value, set_value
from opentelemetry.trace import Span

from groundspan import attributes as keys
from groundspan._capture import Value
from groundspan._guard import Guard
from groundspan._text import shown

_KEY = create_key("groundspan-context")
_GUARD = Guard("set the context")


class context:  # noqa: N801 - used like a function: ``with gs.context(user="u1"):``
    """Put a session, a user and free segments on every span that starts beneath it.

    >>> with gs.context(session="s-17", user="u-4", region="eu"):
    ...     said = answer("What is a deque?")

    An inner context adds to the outer one and wins where both name the same thing. ``async with`` works too.
    """

    __slots__ = ("_attributes", "_tokens")

    def __init__(self, *, session: str | None = None, user: str | None = None, **segments: object) -> None:
        named: dict[str, object] = {keys.SESSION: session, keys.CONVERSATION: session, keys.USER: user}
        named |= {f"{keys.SEGMENT_PREFIX}{name}": value for name, value in segments.items()}
        self._attributes = {key: _word(value) for key, value in named.items() if value is not None}
        # A list: one context object may be entered again inside itself.
        self._tokens: list[Token[Context]] = []

    def __enter__(self) -> None:
        with _GUARD:
            merged = {**inherited(None), **self._attributes}
            self._tokens.append(attach(set_value(_KEY, merged)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _GUARD:
            give_back(self._tokens.pop())

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)


def give_back(token: Token[Context]) -> bool:
    """Make the context what it was before *token*; False where that was another task's or thread's.

    Not OTel's detach(): that one logs an error where a generator is closed elsewhere than it began.
    """
    try:
        token.var.reset(token)
    except ValueError:
        return False
    return True


def with_attribute(key: str, value: Value) -> Context:
    """Give the context of this call with one more attribute for every span beneath it."""
    return set_value(_KEY, {**inherited(None), key: value})


def inherited(parent: Context | None) -> Mapping[str, str]:
    """Give what the contexts around *parent* (None: around this call) put on a span."""
    found = get_value(_KEY, get_current() if parent is None else parent)
    return found if isinstance(found, dict) else {}


def stamp(span: Span, parent: Context | None, always: Mapping[str, Value]) -> None:
    """Put on a span that starts what the contexts around it say, and what goes on every span."""
    # Spelled out, not get_value(): every span of every library comes by.
    if not always and (get_current() if parent is None else parent).get(_KEY) is None:
        return
    with _GUARD:
        span.set_attributes({**always, **inherited(parent)})


def _word(value: object) -> str:
    """Write a segment as reports group by it."""
    return str(value).lower() if isinstance(value, bool) else shown(value)

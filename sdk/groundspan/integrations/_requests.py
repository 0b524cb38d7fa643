"""Pure: what a model call's keywords and its client say of the request, in any client's words."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from groundspan import attributes as keys
from groundspan._capture import Attributes
from groundspan._parameters import Keywords
from groundspan._text import clean, integer

_MAX_TOKENS = ("max_completion_tokens", "max_tokens", "max_output_tokens")


def settings(kwargs: Keywords) -> Attributes:
    """Write the model and how it is to answer; what a client leaves out is a stand-in of its own, no number."""
    written: Attributes = {}
    model = kwargs.get("model")
    if isinstance(model, str):
        written[keys.REQUEST_MODEL] = clean(model)
    for key, name in ((keys.REQUEST_TEMPERATURE, "temperature"), (keys.REQUEST_TOP_P, "top_p")):
        value = kwargs.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            written[key] = float(value)
    limits = (integer(kwargs.get(name)) for name in _MAX_TOKENS)
    limit = next((limit for limit in limits if limit is not None), None)
    if limit is not None:
        written[keys.REQUEST_MAX_TOKENS] = limit
    return written


def provider(client: object, otherwise: str, kinds: Mapping[str, str], hosts: Mapping[str, str]) -> str:
    """Name who is asked: by what the client is called, by its address, or as the format of the API."""
    for kind in type(client).__mro__:
        named = next((name for word, name in kinds.items() if word in kind.__name__), None)
        if named is not None:
            return named
    host = urlsplit(str(getattr(client, "base_url", ""))).hostname or ""
    return next((name for end, name in hosts.items() if host == end or host.endswith(f".{end}")), otherwise)


def spoken(system: object, messages: object) -> object:
    """Give the messages with what the system is told before them; an iterator is the client's to read."""
    if not isinstance(messages, list | tuple):
        return messages if isinstance(messages, str) else None
    if not isinstance(system, str | list | tuple) or not system:
        return messages
    return [{"role": "system", "content": system}, *_each(messages)]


def _each(messages: Iterable[object]) -> list[object]:
    return list(messages)

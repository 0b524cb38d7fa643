"""Pure but for the tokenizers: tokens that no provider counted -> attributes. Runs on the background thread."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from groundspan import attributes as keys
from groundspan._capture import Attributes, Unwritten
from groundspan._estimate import CL100K, O200K, estimated
from groundspan._guard import Guard
from groundspan._text import dumps, integer
from groundspan._tokenizers import Shelf, Tokenizers, encoding_of

# What OpenAI's chat format adds to the text of a prompt: three tokens and the role of each message, and three that
# begin the answer.
_MESSAGE_TOKENS = 4
_ANSWER_BEGINS_TOKENS = 3

CALLS = frozenset({"generate", "embed"})
"""Stages in which a model is paid for its tokens."""

_COUNTING = Guard("count tokens; they are estimated")


class Count(NamedTuple):
    """How many tokens, and who says so."""

    tokens: int
    source: str
    """``tokenizer`` or ``estimate``."""


class Counter:
    """Counts tokens as *tokenizers* allows: with what is at hand, after a download, or (``off``) not at all."""

    def __init__(self, tokenizers: Tokenizers = "local", cache_dir: Path | None = None) -> None:
        self.is_off = tokenizers == "off"
        self._shelf = Shelf(tokenizers, cache_dir)

    def count(self, texts: Iterable[str], model: str | None) -> Count:
        """Count the tokens of *texts*, each by itself."""
        encoding = encoding_of(model)
        counting = encoding and self._shelf.counting(encoding)
        if counting:
            texts = tuple(texts)
            with _COUNTING:
                return Count(sum(map(counting, texts)), "tokenizer")
        rates = CL100K if encoding == "cl100k_base" else O200K
        return Count(sum(estimated(text, rates) for text in texts), "estimate")


def counted(attributes: Mapping[str, object], counter: Counter, embedded: Sequence[str] = ()) -> Attributes:
    """Give the token counts that a span lacks; nothing where it lacks none, or is no call of a model."""
    match attributes.get(keys.STAGE):
        case "generate":
            return generated_tokens(attributes, counter)
        case "embed" if keys.INPUT_TOKENS not in attributes:
            return embed_tokens(embedded, _model(attributes), counter)
    return {}


def generated_tokens(attributes: Mapping[str, object], counter: Counter) -> Attributes:
    """Give the token counts that a generate span lacks, from the messages on it.

    What the provider said stays. Where it said one of the two counts, the other is added, and the source is that of
    the added one: a sum is as sure as its weaker part. A call that failed before it answered is not counted, for
    nobody bills it.
    """
    if counter.is_off:
        return {}
    output = _messages(attributes.get(keys.OUTPUT_MESSAGES))
    if not output and keys.ERROR_TYPE in attributes:
        return {}
    model = _model(attributes)
    found: Attributes = {}
    if keys.INPUT_TOKENS not in attributes:
        asked = _messages(attributes.get(keys.INPUT_MESSAGES))
        _put(found, keys.INPUT_TOKENS, asked, counter.count(_texts(asked), model), _around(asked, model))
    if keys.OUTPUT_TOKENS not in attributes:
        _put(found, keys.OUTPUT_TOKENS, output, counter.count(_texts(output), model), 0)
    # Text that was cut was read by the model too: how much it was, nobody knows.
    if found and keys.CUT_CHARS in attributes:
        found[keys.TOKENS_SOURCE] = "estimate"
    return found


def embed_tokens(texts: Sequence[str], model: str | None, counter: Counter) -> Attributes:
    """Give the token count of what was embedded; the caller looks whether the provider said it."""
    if counter.is_off or not texts:
        return {}
    tokens, source = counter.count(texts, model)
    return {keys.INPUT_TOKENS: tokens, keys.TOKENS_SOURCE: source}


def _model(attributes: Mapping[str, object]) -> str | None:
    """Give the model that answered: the name that was asked for may be a deployment's."""
    names = (attributes.get(key) for key in (keys.RESPONSE_MODEL, keys.REQUEST_MODEL))
    known = [name for name in names if isinstance(name, str)]
    return next((name for name in known if encoding_of(name)), known[0] if known else None)


def _messages(found: object) -> Sequence[object]:
    """Give messages as they were found, or read them where they are written already."""
    read = found.json if isinstance(found, Unwritten) else _read(found)
    return read if isinstance(read, list) else []


def _read(written: object) -> object:
    if not isinstance(written, str):
        return None
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return None


def _texts(messages: Sequence[object]) -> list[str]:
    """Give every text in messages that a model reads or writes."""
    listings = [message.get("parts") for message in messages if isinstance(message, dict)]
    parts = [part for listing in listings if isinstance(listing, list) for part in listing if isinstance(part, dict)]
    return [text for part in parts for text in map(_text, _said(part)) if text]


def _said(part: Mapping[str, object]) -> Sequence[object]:
    """Images and files are on no span, and are not counted."""
    return [part.get(name) for name in ("content", "name", "arguments", "response") if part.get(name) is not None]


def _text(value: object) -> str:
    return value if isinstance(value, str) else dumps(value)


def _around(messages: Sequence[object], model: str | None) -> int:
    """Count what the chat format adds, where it is known: OpenAI's."""
    return len(messages) * _MESSAGE_TOKENS + _ANSWER_BEGINS_TOKENS if encoding_of(model) else 0


def _put(found: Attributes, key: str, messages: Sequence[object], count: Count, around: int) -> None:
    tokens = integer(count.tokens + around)
    if messages and tokens is not None:
        found[key] = tokens
        weaker = count.source == "estimate" or found.get(keys.TOKENS_SOURCE) == "estimate"
        found[keys.TOKENS_SOURCE] = "estimate" if weaker else "tokenizer"
